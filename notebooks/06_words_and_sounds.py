# %% [markdown]
# # 06 What is said, heard and written?
#
# **What this step can show:** what people heard and read in the clip, each with who, at which second, and how sure they are.
#
# **What it cannot show:** any of it by itself. This version **does not read letters, tell languages or listen**: people do,
# and here is the form for what they found. Who speaks a language need not come from where it is spoken.

# %%
# %load_ext verikit
from IPython.display import display

import verikit as vk

case = vk.open_case()
case.card()

# %% [markdown]
# ## Is there anything to hear?
#
# The tracks of each file. Listen to the clips in `inputs/` with a player, from beginning to end, also where nobody speaks.
# Letters are best read in the stills in `derived/keyframes/`: captions, signs, patches, and the screens of telephones.

# %%
for clip in case.clips:
    streams = vk.inspect(vk.open_video(clip.video)).streams
    display(*clip.heading, vk.Records(streams, caption="Tracks", columns=("type", "codec", "duration", "language")))

# %% [markdown]
# ## The form
#
# One line for each thing observed, with a name of its own. Decisions can rest on it by that name (`observed/caption`).
#
# ```
# case.observe("voice", kind="speech", what="a man says a short sentence off camera", at=(1.5, 3.0), language="ko",
#              text="...", translation="...", translator="N. N.", sure="probable", by="N. N., grew up in Seoul",
#              about="S1", fits="undecided", note="a second listener is asked for")
# case.observe("caption", kind="lettering", what="caption over the lower edge", at=(0, 6), script="Cyrillic",
#              language="ru", text="...", translation="...", translator="N. N.", sure="certain", by="N. N.")
# case.observe("music", kind="sound", what="music with a beat, no voice", at=(0, 6), sure="certain", by="N. N.")
# case.observe("patch", kind="seen", what="round patch on the left sleeve", at=(2, 4), sure="possible", by="N. N.",
#              about="S1", fits="undecided", compared_with="...")
# ```
#
# - `kind`: `speech`, `sound`, `lettering`, `seen`, or `told` for what an uploader, a witness or an expert said
# - `sure`: `certain`, `probable`, `possible` or `cannot_tell`; for a language, ask two people who grew up with it
# - `fits`: whether it `fits` the part of the claim in `about`, `does_not_fit`, or is `undecided`; the first two need
#   `compared_with`, what was laid beside it; on what is undecided, no decision can rest alone
# - where the case has several clips: `case.for_clip("clip_2").observe(...)`

# %% [markdown]
# ## Decision: what was heard, read and seen

# %% tags=["decide-words"]
# Edit, then run: a line of the form for each thing, also for "nobody speaks".
case.note("Step 06 ran. Nobody has listened or read yet.")

# %%
case.observations
