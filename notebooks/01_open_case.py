# %% [markdown]
# # 01 Open the case
#
# **What this step can show:** which file is examined, byte for byte, and what exactly is claimed about it.
#
# **What it cannot show:** whether any of it is so. Nothing has been looked at yet.

# %%
# %load_ext verikit
import verikit as vk

case = vk.open_case()
case

# %% [markdown]
# ## The claim, word for word, and its parts
#
# A post makes several claims at once. Each part is checked on its own, and for each part it is written down *before
# looking* what would speak against it.

# %%
case.claim

# %% [markdown]
# ## Decision: the parts of the claim
#
# Rewrite the parts in the words of the post: who, what, where, when, source. Say for each what would contradict it.

# %% tags=["decide-parts"]
# Edit, then run. As it stands, the five general questions are kept.
case.split_claim(case.claim.sub_claims)

# %% [markdown]
# ## The file as it was taken in

# %%
video = vk.open_video(case.video)
video

# %%
case.card()
