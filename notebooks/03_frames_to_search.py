# %% [markdown]
# # 03 Which frames matter?
#
# **What this step can show:** the shots of the clip, where they begin by exact time, and the sharpest still of each view:
# the pictures to look at, to search with, and to show to someone who knows the place.
#
# **What it cannot show:** what is outside the frame, before the first second or after the last.

# %%
# %load_ext verikit
from IPython.display import display

import verikit as vk

case = vk.open_case()
case.card()

# %% [markdown]
# ## The one decode
#
# All that follows is computed from this pass. What could not be decoded is counted here.

# %%
for clip in case.clips:
    display(*clip.heading, vk.scan_case(clip))

# %% [markdown]
# ## Shots and keyframes
#
# The two dozen most telling stills are taken; `most=None` takes every view, which in shaky footage is hundreds.
#
# If the footage may distress, write `vk.keyframes_of_case(clip, gentle="grey")`: what is shown here and on the search page
# is then grey, small and blurred. `gentle="faces"` blurs the faces that it finds, and may miss some. The full-size stills
# are evidence and stay as they are.

# %%
chosen = [(clip, vk.keyframes_of_case(clip, most=24)) for clip in case.clips]
for clip, frames in chosen:
    display(*clip.heading, frames.timeline, frames.shots)

# %%
for clip, frames in chosen:
    display(*clip.heading, *frames.sheets, frames.keyframes)

# %% [markdown]
# ## Search for earlier copies outside
#
# The full-size stills lie in `derived/keyframes/`, each with its exact time in its name. From them a **search kit** was made
# in `search_kit/`: of each still a plain and a mirrored picture, and one without borders where the film has any, sized for
# the engines that search by picture. Open `search_kit/search_kit.html` in a browser: it says which engine is good at what.
#
# **Nothing has been uploaded.** Uploading sends a picture to a company. Consider the people in it first, and whether the
# case allows it.
#
# Write down every search in the table `search_kit/searches.csv`, *including those that found nothing*: who searched, on
# which day (as 2024-11-05), and `found` or `nothing`; if found, the address of the earliest result, the date that it gives,
# and where you archived it. Then run the next cell again. It checks the table, takes it into the case and shows what was
# done; running this notebook again keeps what you wrote.

# %%
for clip, frames in chosen:
    display(*clip.heading, frames.kit)

# %%
for clip in case.clips:
    display(*clip.heading, vk.searches_of_case(clip))

# %% [markdown]
# ## Decision: frames chosen, searches made
#
# No result does not show that the footage is new. A date that a page gives is what the page says.

# %% tags=["decide-frames"]
# Edit, then run: which frames say most, which searches were made, and what they showed, including nothing.
case.note("Step 03 ran. No outside search has been recorded.", about=["keyframes", "searches"])
