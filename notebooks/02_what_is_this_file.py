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
import verikit as vk

case = vk.open_case()
case.card()

# %%
container = vk.examine_case(case)
container

# %% [markdown]
# ## What does not fit together
#
# Each finding says what it suggests and what it does not prove.

# %%
container.findings

# %% [markdown]
# ## Every tag, with its place in the file

# %%
vk.Records(container.tags, caption="Every tag", columns=("group", "key", "value", "origin"))

# %% [markdown]
# ## Decision: which of these do I trust, and why?

# %% tags=["decide-file"]
# Edit, then run.
case.note("Step 02 ran. The analyst has not yet said which tags to rely on.", about=["container"])
