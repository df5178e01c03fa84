# %% [markdown]
# # 04 Has this footage appeared before?
#
# **What this step can show:** which seconds of the clip are consistent with which seconds of a video in the archive,
# mirrored or not, with the pictures side by side.
#
# **What it cannot show:** which copy came first (a file's date is a claim), or that footage is new: *no match* is a
# statement about this archive, not about the world.

# %%
# %load_ext verikit
from IPython.display import display

import verikit as vk

case = vk.open_case()
case.card()

# %%
searched = [(clip, vk.search_case(clip)) for clip in case.clips]
for clip, found in searched:
    display(*clip.heading, found)

# %% [markdown]
# ## The evidence, to be checked by eye
#
# In the alignment plot a copy is a slanting line. In the side-by-side view the joined points must lie on the same things.

# %%
for clip, found in searched:
    display(*clip.heading, *found.figures)

# %% [markdown]
# ## Decision: is it the same footage, and which copy is earlier?

# %% tags=["decide-copies"]
# Edit, then run.
case.note("Step 04 ran. The analyst has not yet looked at the matches.", about=["copies"])
