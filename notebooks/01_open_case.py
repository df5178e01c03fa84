# %% [markdown]
# # 01 Open the case
#
# **What this step can show:** which files are examined, byte for byte, and what exactly is claimed about them, by which
# posts.
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
# ## The posts
#
# What becomes known of the first post beside its words is written down in the decision below, with the zone of its time:
# `case.describe_post(posted="2024-11-05T18:20+02:00", account="@...", url="https://...", archived="https://...",
# language="uk", translation="...", translator="N. N.")`. Further posts and clips come in with `verikit add`.
#
# The same claim is often made by several. Which was first says who may know; that a post is the first one *found* does not
# show that it is the first.

# %%
case.posts

# %% [markdown]
# ## Decision: the parts of the claim
#
# Rewrite the parts in the words of the post: who, what, where, when, source. Say for each what would contradict it.

# %% tags=["decide-parts"]
# Edit, then run. As it stands, the five general questions are kept.
case.split_claim(case.claim.sub_claims)

# %% [markdown]
# ## The files as they were taken in

# %%
case.videos

# %%
case.card()
