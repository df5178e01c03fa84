# %% [markdown]
# # 05 Was it edited?
#
# **What this step can show:** where one view gives way to another, what the file says that can come from editing, and how
# the clip differs from an earlier copy, if step 04 found one.
#
# **What it cannot show:** that a clip was not edited, or why someone cut it. Frozen and repeated pictures, things painted
# over, replaced sound and traces of an earlier encoding are **not looked for in this version**.

# %%
# %load_ext verikit
from IPython.display import display

import verikit as vk

case = vk.open_case()
case.card()

# %% [markdown]
# ## What there is to see
#
# A cut is where filming stopped and went on, or where someone cut: the picture does not say which. A difference to an earlier
# copy says that one of the two was changed, and which one only if you know which is closer to the camera.

# %%
looked = [(clip, vk.edits_of_case(clip)) for clip in case.clips]
for clip, edits in looked:
    display(*clip.heading, edits)

# %% [markdown]
# ## The course of change, and the clip laid on earlier copies
#
# Peaks in the curve are moments at which the picture changes at once. In the strip, orange is what the clip shows otherwise than
# the copy, such as captions and logos; hatched is what it leaves out.

# %%
for clip, edits in looked:
    display(*clip.heading, *edits.figures)

# %% [markdown]
# ## Decision: what of this is editing, and does it change what the clip says?
#
# Each finding is editing, encoding, or nothing. A caption and a crop are edits; whether they mislead is yours to say.

# %% tags=["decide-edits"]
# Edit, then run.
case.note("Step 05 ran. The analyst has not yet said what was edited.", about=["edits"])
