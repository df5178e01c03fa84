# %% [markdown]
# # 09 Check a case that you received
#
# **What this step can show:** whether the package is whole and unchanged, what is claimed, and what was concluded, line by
# line with the evidence it rests on.
#
# **What it cannot show:** that the notes and decisions are right, or that whoever sealed it was honest before sealing. That is
# for you to judge, from the evidence. Nothing of the package is run or unpacked here.

# %%
# %load_ext verikit
import verikit as vk

# %% [markdown]
# ## Which package?
#
# Write its place between the quotes, such as `"../case.zip"`. `verikit lab PACKAGE.zip` has done so already. Without one, this
# shows the case that you work in as its recipient will see it.

# %% tags=["parameters"]
package = ""

# %%
received = vk.open_package(package)
received.card

# %% [markdown]
# ## Does it hold?
#
# A line for each property: *holds*, *broken* (with what and where), *absent* (there is nothing to check) or *limited* (there is
# something, and it cannot be decided). To compare with what was published elsewhere, write
# `vk.open_package(package, expect_seal="verikit-seal:1:sha256:...", key="signer.pub")` above. A seal string that came with the
# package proves nothing.

# %%
received

# %% [markdown]
# ## The verdict, line by line
#
# Each line names its evidence and the file in the package that holds it (under `data/`). Look at it: the conclusion is the
# analyst's, the evidence is there for you to come to another.

# %%
received.lines

# %% [markdown]
# ## What is not shown

# %%
received.not_shown

# %% [markdown]
# ## Decision: your review
#
# Say who you are, where you agree and where not, and why. It is added to the package, signed with your SSH key, and the seal
# string stays what it is: `received.review("NAME", agrees=["S1", "label"], dissents={"S3": "why"}, key="~/.ssh/id_ed25519")`

# %% tags=["decide-review"]
# Edit, then run.
received.review("", agrees=[], dissents={}, text="", key="")
