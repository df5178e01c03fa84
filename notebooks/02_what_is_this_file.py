# %% [markdown]
# # 02 What is this file?
#
# **What this step can show:** what the file says of itself (dates, places, devices, programs), where in the file it
# says so, and which programs or platforms it is likely to have passed through.
#
# **What it cannot show:** that any of it is true. Every tag can be written by anyone, and most platforms strip them all:
# from the absence of a tag nothing follows.

# %%
# %load_ext verikit
from IPython.display import display

import verikit as vk

case = vk.open_case()
case.card()

# %% [markdown]
# ## Ten facts to look at first
#
# When and where is the video said to be from? Write it here, as precisely as the claim does, and the file's dates and
# places are held against it: `vk.examine_case(clip, recorded="2024-11-03", place="51.5335,-0.1261")`.
#
# Where the case has several clips, each stands under its own name, here and in all steps that follow.

# %%
examined = [(clip, vk.examine_case(clip)) for clip in case.clips]
for clip, seen in examined:
    display(*clip.heading, seen.container.card)

# %% [markdown]
# ## All dates on one line
#
# A date is a statement of the program that wrote it. Platforms write the time of processing: the latest at which the
# footage can have been made, never the time of filming.

# %%
for clip, seen in examined:
    display(*clip.heading, seen.timeline, seen.container.dates)

# %% [markdown]
# ## What does not fit together, what the file passed through, and what it says
#
# A finding speaks in one of three strengths. **Contradiction**: two statements of the file cannot both hold. **Trace**: a
# program or a platform touched it. **Context**: it is usual or unusual, and nothing follows from it alone. Each says what it
# does not prove, and how often the same is seen in public files that nobody doubts. *Stripped* means: nothing follows.

# %%
for clip, seen in examined:
    display(*clip.heading, seen)

# %% [markdown]
# ## The structure, box by box

# %%
for clip, seen in examined:
    display(*clip.heading, seen.container.tree)

# %% [markdown]
# ## Every tag, with its place in the file

# %%
for clip, seen in examined:
    tags = seen.container.tags
    display(*clip.heading, vk.Records(tags, caption="Every tag", columns=("group", "key", "value", "origin")))

# %% [markdown]
# ## Decision: which of these do I trust, and why?

# %% tags=["decide-file"]
# Edit, then run.
case.note("Step 02 ran. The analyst has not yet said which tags to rely on.", about=["container"])
