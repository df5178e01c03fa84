# %% [markdown]
# # 08 Verdict and handover
#
# **What this step does:** it writes down what is established and what is not, each line with the evidence it rests on.
#
# **What it does not do:** give a score. The toolkit observes; a person decides, and says why. *Unverified* does not mean
# *false*, and a claim about footage can be wrong while the footage itself is untouched.

# %%
# %load_ext verikit
import verikit as vk

case = vk.open_case()
case.card()

# %% [markdown]
# ## What there is to rest on
#
# Each name can stand in `rests_on`. What was read from one source is one kind of evidence, however many names it has; from a
# search that found nothing, nothing follows. Stills and figures can be named, too, such as `keyframes/contact_sheet.jpg`.

# %%
case.grounds

# %% [markdown]
# ## Decision: each part of the claim
#
# `supported`, `contradicted`, `not_established` or `not_checked`, with the reason and the evidence by name.

# %% tags=["decide-statuses"]
# Edit, then run. As it stands, nothing has been decided.
for part in case.claim.sub_claims:
    case.decide(part.key, status="not_checked", because="")
case.card()

# %% [markdown]
# ## Decision: the verdict
#
# Three outcomes, never one word for all: where each part stands (above), what the **footage** is, and the **label** over all.
#
# The words come from closed lists, and each has a rule:
#
# - `label`: `confirmed` (every part supported, by evidence of two independent kinds), `partly_confirmed`, `unverified` (which
#   does not mean false), `miscaptioned` (a part is contradicted), `recycled` (a match with a copy dated before the posts),
#   `altered`, `staged`, `satire`, `synthetic` (each needs evidence that shows it), `superseded`
# - `media`, one or more: `undetermined`, `original`, `decontextualized`, `edited_or_cropped`, `transformed`, `staged`, `satire`; all
#   but the first need a reason and evidence in `media_because` and `media_rests_on`. A search that found nothing is none.
# - `date_is` of an earlier copy: `published` (an archived page, an upload record), `taken_in` (when an archive took it in) or
#   `claimed_by_file` (a tag in the copy itself, which anyone can write)
#
# The limits are not optional. The form, to be filled in below:
#
# ```
# verdict = vk.Verdict(label="unverified", media="undetermined", summary="...", limits="...", decisions=case.decisions)
# case.conclude(verdict)
# ```

# %% tags=["decide-verdict"]
# Edit, then run: the form above. As it stands, nobody has concluded anything.
case.note("Nobody has concluded this case yet.")

# %% [markdown]
# ## The second reader
#
# Someone who did not decide reads the verdict and says where they agree and where not. Dissent stops nothing; it is shown
# beside what it is about.

# %% tags=["decide-reader"]
# Edit, then run: case.second_reader("NAME", agrees=["label", "S1"], dissents={"S3": "why"})
case.note("No second reader has read a verdict yet.")

# %% [markdown]
# ## For publication
#
# The verdict as fact-checkers' pages carry it (ClaimReview and MediaReview of schema.org), in `derived/claim_review.json`.
# Your label stands in it in words, and there is no number. Write who publishes it, on which day and under which address.

# %% tags=["decide-publication"]
# Edit, then run: case.claim_review("NEWSROOM", published="2024-11-08", url="https://...")
case.note("Nothing is written for publication yet.")

# %% [markdown]
# ## Handover
#
# Close the notebooks, then run in a terminal, in the folder that holds the case:
#
# ```
# verikit run CASE      # every notebook again, in a fresh kernel, and report.html
# verikit seal CASE     # the package, and the seal string to publish
# verikit verify PACKAGE --expect-seal SEAL
# ```
#
# Publish the seal string where it cannot be changed unseen: in the article, in a post, in an e-mail to the recipient. It
# proves that the package is the one you sealed. It does not prove that the notes are right.

# %%
case.card()
