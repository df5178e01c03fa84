"""The demonstration's case in twenty lines of Python: what notebooks 01 to 04 and 08 do, without a notebook.

Run it in a checkout, with a folder to make: python examples/case_in_20_lines.py my-case
"""

import sys
from pathlib import Path

import verikit as vk

folder, sample = Path(sys.argv[1]), Path(__file__).parents[1] / "sample_data"
vk.add_to_archive(folder / "archive", [sample / "archive"])
claim = vk.Claim(text="A soldier in Russia watches dancing girls.", posted="2024-11-05T18:20:00Z")
case = vk.start_case(
    folder / "case", video=sample / "viral.mp4", claim=claim, archive=folder / "archive", by="a script"
)
vk.examine_case(case)
print(vk.keyframes_of_case(case).keyframes)
found = vk.search_case(case)
match = next(match for match in found.search.matches if match.confirmed)
print(match.sentence())
for part in case.claim.sub_claims:
    case.decide(part.key, status="not_established", because="A script cannot judge this; a person has not yet.")
case.decide("S4", status="contradicted", because="A copy dates itself to 2023, by its own tag.", rests_on=["copies"])
copy = {"reference": match.reference, "dated": "2023-02-11T19:42:07Z", "date_is": "claimed_by_file"}
earlier = vk.EarlierCopy(**copy, basis="the copy's own tag, which anyone can write", evidence="copies")
told = {"summary": "An earlier copy dates itself to 2023.", "limits": "A file's own date can be written by anyone."}
verdict = vk.Verdict(label="recycled", media=["undetermined"], decisions=case.decisions, earlier_copy=earlier, **told)
print(case.conclude(verdict).label, vk.write_report(case))
found.copies.save(folder / "copies.csv")
