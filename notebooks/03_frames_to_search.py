# %% [markdown]
# # 03 Which frames matter?
#
# **What this step can show:** the shots of the clip, where they begin by exact time, and the sharpest still of each view:
# the pictures to look at, to search with, and to show to someone who knows the place.
#
# **What it cannot show:** what is outside the frame, before the first second or after the last.

# %%
from IPython.display import display

import verikit as vk

case = vk.open_case()
case.card()

# %% [markdown]
# ## The one decode
#
# All that follows is computed from this pass. What could not be decoded is counted here.

# %%
vk.scan_case(case)

# %% [markdown]
# ## Shots and keyframes

# %%
frames = vk.keyframes_of_case(case)
display(frames.timeline, frames.shots)

# %%
frames.sheet

# %% [markdown]
# The full-size stills lie in `derived/keyframes/`, each with its exact time in its name. Search with them where the case
# allows it (nothing has been uploaded), and write down what was found, *including nothing*.

# %%
frames.keyframes

# %% [markdown]
# ## Decision: frames chosen, searches made

# %% tags=["decide-frames"]
# Edit, then run: which frames, which search engines, on which day, and what they showed, including nothing.
case.note("Step 03 ran. No outside search has been recorded.", about=["keyframes"])
