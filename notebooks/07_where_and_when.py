# %% [markdown]
# # 07 Where and when?
#
# **What this step can show:** every date of the case on one line against the claim, and what people found that tells where
# and when, each with what it was compared with.
#
# **What it cannot show:** a place or a time by itself. This version **has no map, no sun and no shadows**: people compare, and
# here is the form for what they found. Most rooms cannot be placed; `not_established` is an honest end.

# %%
# %load_ext verikit
from IPython.display import display

import verikit as vk

case = vk.open_case()
case.card()

# %% [markdown]
# ## The form
#
# ```
# case.observe("bridge", kind="place", what="three arches and the tower on the left bank", at=(2, 4),
#              point="51.5335,-0.1261", within=50, compared_with="satellite picture of 2024-06-01, street view of 2023",
#              about="S2", fits="fits", sure="probable", by="N. N.")
# case.observe("leaves", kind="time", what="bare trees and old snow", at=(0, 6), earliest="2023-11", latest="2024-04",
#              compared_with="weather records of the claimed place", about="S3", fits="undecided", sure="possible", by="N. N.")
# ```
#
# - `point` is latitude and longitude, `within` the metres around it: no place is exact, and none is needed for a clue
# - `earliest` and `latest` are dates as precise as they can be told: `2024`, `2024-11`, `2024-11-03T10:15+02:00`
# - say for shadows what was measured and how (flat ground? upright object?), for seasons which plants, for clocks whose
# - what is not found is worth a line, too: which signs, sockets, plates or views were looked for

# %% [markdown]
# ## Decision: what tells where and when

# %% tags=["decide-clues"]
# Edit, then run: a line of the form for each clue.
case.note("Step 07 ran. Nobody has looked for the place or the time yet.")

# %%
case.observations

# %% [markdown]
# ## All dates against the claim
#
# Those of the files, the posts, earlier copies, searches, and the clues above. A date is what someone or something says: a
# file's own date anyone can write, a page's date the page says, a post was published when its platform says.

# %%
dates = vk.dates_of_case(case)
display(dates.timeline, dates)

# %% [markdown]
# ## Decision: does the claimed time stand?

# %% tags=["decide-time"]
# Edit, then run.
case.note("The analyst has not yet held the dates against the claim.", about=["timeline"])
