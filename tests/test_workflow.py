"""The composed verbs: what one notebook step or one command does, joining the wings."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from filmed import film, pictures

from verikit.case.bag import folder_contents
from verikit.case.claims import Claim
from verikit.case.opening import Further, open_case
from verikit.case.received import open_package
from verikit.case.rerunning import rerun_package
from verikit.case.running import run_case
from verikit.case.sealing import NOT_PACKED, seal_case
from verikit.case.verifying import verify_package
from verikit.container.inspection import inspect
from verikit.errors import AuditError, MediaError
from verikit.matching.store import open_archive
from verikit.media.scanning import scan_video
from verikit.media.video import open_video
from verikit.workflow.archiving import add_to_archive
from verikit.workflow.case_dates import dates_of_case
from verikit.workflow.copies import compare_videos, save_figures, search_video
from verikit.workflow.demo import fill_demo, prepare_demo
from verikit.workflow.edits import NOT_LOOKED_FOR, edits_of_case
from verikit.workflow.frames import extract_keyframes, extract_search_kit, searches_of_case
from verikit.workflow.inspecting import hidden_stills
from verikit.workflow.steps import (
    claim_from_post,
    examine_case,
    keyframes_of_case,
    scan_case,
    search_case,
    start_case,
)


@pytest.fixture(scope="session")
def clips(tmp_path_factory):
    """A film, and a piece of it from its second 1 on."""
    folder = tmp_path_factory.mktemp("clips")
    shown = pictures(5)
    return film(folder / "whole.mp4", shown), film(folder / "piece.mp4", shown[25:100])


@pytest.fixture(scope="session")
def archive(clips, tmp_path_factory):
    folder = tmp_path_factory.mktemp("archive") / "known"
    add_to_archive(folder, [clips[0]])
    return folder


def make_case(folder, clips, **more):
    return start_case(folder / "case", video=clips[1], claim=Claim.from_text("a post"), **more)


def test_a_case_without_an_archive_says_that_nothing_was_searched(clips, tmp_path):
    case = make_case(tmp_path, clips)
    (run,) = run_case(case, only=["04_seen_before"])
    assert (run.state, run.error) == ("ran", "")
    assert case.evidence("copies") == {"search": None, "copies": [], "compared": []}
    executed = (case.folder / "executed/04_seen_before.ipynb").read_text(encoding="utf-8")
    assert executed.count("Nothing was searched, and nothing follows from that.") >= 2


def test_what_the_file_says_is_kept_with_its_timeline_and_held_against_the_claim(clips, tmp_path):
    case = make_case(tmp_path, clips)
    seen = examine_case(case, recorded="2024-11-03", place="51.5335,-0.1261")
    assert seen.container.claimed.recorded == "2024-11-03"
    assert case.evidence("container")["claimed"]["place"] == {"latitude": 51.5335, "longitude": -0.1261}
    assert seen.timeline.data == (case.folder / "derived" / "dates.png").read_bytes()
    with pytest.raises(ValueError, match="place"):
        examine_case(case, place="London")


def test_pictures_that_no_player_shows_are_kept_as_stills(tmp_path):
    path = Path(__file__).parents[2] / "shared" / "clips" / "metadata" / "media__sample_edit_list.mp4"
    if not path.is_file():
        pytest.skip("the public clips are not beside this checkout")
    video = open_video(path)
    stills = list(hidden_stills(video, inspect(video), most=3))
    assert [name for name, _ in stills] == ["hidden_00000.000s.png", "hidden_00000.200s.png", "hidden_00000.400s.png"]
    assert all(data.startswith(b"\x89PNG") for _, data in stills)


def test_each_step_writes_down_what_it_found_and_what_that_rests_on(clips, archive, tmp_path):
    case = make_case(tmp_path, clips, archive=archive)
    examine_case(case)
    frames = keyframes_of_case(case)
    found = search_case(case)
    parents = {name: [parent for parent, _ in thing.parents] for name, thing in case.derived.items()}
    assert parents["container"] == parents["scan"] == parents["copies"] == ["video"]
    assert parents["keyframes"] == ["scan"]
    assert {f"keyframes/{keyframe.file}" for keyframe in frames.keyframes} < set(parents)
    assert {"keyframes/contact_sheet.jpg", "keyframes/shots.png", "copies/evidence_1.png"} < set(parents)
    assert case.evidence("copies") == json.loads(json.dumps(found.to_dict()))
    assert case.evidence("keyframes")["keyframes"] == json.loads(json.dumps(frames.to_dict()))["keyframes"]
    assert [row.role for row in found.copies] == ["the clip", "in the archive"]
    assert [row.name for row in found.copies] == ["piece.mp4", "whole.mp4"]


def test_evidence_that_a_second_run_does_not_find_again_leaves_the_case(clips, tmp_path):
    archive = tmp_path / "known"
    add_to_archive(archive, [clips[0]])
    case = make_case(tmp_path, clips, archive=archive)
    run_case(case, only=["04_seen_before"])
    found = set(case.derived)
    assert {"copies", "copies/evidence_1.png"} <= found
    (entry,) = open_archive(archive).entries()
    open_archive(archive).remove(entry.sha256)
    run_case(case, only=["04_seen_before"])
    assert set(case.derived) == {"copies"}
    assert case.evidence("copies")["search"]["matches"] == []
    assert list((case.folder / "derived").rglob("*.png")) == []
    gone = {entry.body["name"] for entry in case.entries if entry.kind == "withdrawn"}
    assert gone == found - {"copies"}


def test_a_case_that_was_moved_names_its_archive_anew_and_keeps_its_good_copy(clips, archive, tmp_path):
    case = make_case(tmp_path, clips, archive=archive)
    run_case(case, only=["04_seen_before"])
    moved = tmp_path / "far" / "away"
    moved.parent.mkdir()
    case.folder.rename(moved)
    case = open_case(moved)
    good = (moved / "executed/04_seen_before.ipynb").read_bytes()
    evidence = case.evidence("copies")
    (run,) = run_case(case, only=["04_seen_before"])
    assert run.state == "failed"
    assert "the case names an archive at ../" in run.error
    assert "case.use_archive(ARCHIVE) or `verikit run CASE --archive ARCHIVE`" in run.error
    assert "archive add" not in run.error
    assert str(tmp_path) not in run.error
    assert (moved / "executed/04_seen_before.ipynb").read_bytes() == good
    assert case.evidence("copies") == evidence
    case.use_archive(archive)
    (run,) = run_case(case, only=["04_seen_before"])
    assert (run.state, run.error) == ("ran", "")
    assert case.evidence("copies") == evidence


def test_a_case_decodes_its_clip_once(clips, tmp_path):
    case = make_case(tmp_path, clips)
    first = scan_case(case)
    (kept,) = case.scans.iterdir()
    before = kept.stat().st_mtime_ns
    assert scan_case(case).to_dict() == first.to_dict()
    assert [path.stat().st_mtime_ns for path in case.scans.iterdir()] == [before]


def test_running_a_step_again_gives_the_same_files(clips, archive, tmp_path):
    case = make_case(tmp_path, clips, archive=archive)

    def derived():
        keyframes_of_case(case)
        search_case(case)
        return {name: thing.sha256 for name, thing in case.derived.items()}

    assert derived() == derived()


def test_what_was_found_reads_as_sentences_and_as_json(clips, archive):
    found = compare_videos(open_video(clips[1]), open_video(clips[0]))
    best = found.matches[0]
    assert best.confirmed
    assert best.reference_span.start - best.query_span.start == pytest.approx(1, abs=0.1)
    assert "is consistent with the same footage as" in best.sentence()
    searched = search_video(archive, open_video(clips[1]))
    assert [match.to_dict() for match in searched.matches] == found.to_dict()["matches"]


def test_two_files_are_compared_by_what_each_has_more_of(clips, archive, tmp_path):
    found = compare_videos(open_video(clips[1]), open_video(clips[0])).to_dict()
    which = {row["question"]: row["which"] for row in found["copies"]}
    assert (which["fuller in time"], which["fuller in picture"]) == ("reference", "neither")
    assert which["earlier by its own claims"] == "cannot be said"
    case = make_case(tmp_path, clips, archive=archive)
    (told,) = search_case(case).to_dict()["compared"]
    assert {row["question"]: row["which"] for row in told["records"]} == which
    other = film(tmp_path / "other.mp4", pictures(3, seed=9))
    assert compare_videos(open_video(other), open_video(clips[0])).to_dict() == {"matches": [], "copies": []}


def test_figures_are_saved_in_their_order_with_their_endings(clips, tmp_path):
    figures = compare_videos(open_video(clips[1]), open_video(clips[0])).figures()
    paths = save_figures(figures, tmp_path / "evidence")
    assert [path.name for path in paths] == ["evidence_1.png", "evidence_2.jpg", "evidence_3.jpg"]
    assert [path.read_bytes() for path in paths] == [figure.data for figure in figures]
    assert save_figures((), tmp_path / "nothing") == ()
    assert not (tmp_path / "nothing").exists()


def test_stills_have_the_size_of_the_video(clips, tmp_path):
    video = open_video(clips[0])
    found = extract_keyframes(video, scan=scan_video(video), folder=tmp_path, most=2)
    assert 1 <= len(found.keyframes) <= 2
    for keyframe in found.keyframes:
        data = (tmp_path / keyframe.file).read_bytes()
        assert (int.from_bytes(data[16:20]), int.from_bytes(data[20:24])) == (128, 72)
    assert found.sheet is not None
    assert (tmp_path / "contact_sheet.jpg").read_bytes() == found.sheet.data
    assert (tmp_path / "shots.png").read_bytes() == found.timeline.data


def test_a_second_run_with_fewer_stills_leaves_no_sheet_of_the_first(clips, tmp_path):
    video = open_video(clips[0])
    for number in range(2, 5):
        (tmp_path / f"contact_sheet_{number}.jpg").touch()
    (tmp_path / "contact_sheet_9.jpg").touch()
    found = extract_keyframes(video, scan=scan_video(video), folder=tmp_path, most=1)
    assert len(found.sheets) == 1
    assert sorted(path.name for path in tmp_path.glob("contact*")) == ["contact_sheet.jpg", "contact_sheet_9.jpg"]


def test_gentle_changes_what_is_shown_and_not_what_is_evidence(clips, tmp_path):
    video = open_video(clips[0])
    scan = scan_video(video)
    plain = extract_keyframes(video, scan=scan, folder=tmp_path / "plain", most=2)
    gentle = extract_keyframes(video, scan=scan, folder=tmp_path / "gentle", most=2, gentle="grey")
    assert gentle.keyframes == plain.keyframes
    for still in plain.keyframes:
        assert (tmp_path / "gentle" / still.file).read_bytes() == (tmp_path / "plain" / still.file).read_bytes()
    assert gentle.sheet != plain.sheet
    assert gentle.timeline != plain.timeline
    assert (plain.gentle, gentle.gentle[:10]) == ("", "Shown grey")
    with pytest.raises(ValueError, match="gentle: grey or faces"):
        extract_keyframes(video, scan=scan, folder=tmp_path / "none", gentle="soft")
    assert not (tmp_path / "none").exists()


def test_progress_is_told_from_the_first_still_to_the_kit(clips, tmp_path):
    told = []
    video = open_video(clips[0])
    scan = scan_video(video)
    found = extract_keyframes(video, scan=scan, folder=tmp_path, most=1, progress=told.append)
    extract_search_kit(found, scan=scan, stills=tmp_path, folder=tmp_path / "kit", progress=told.append)
    assert told == [
        "finding shots and choosing stills",
        "stills: 1 of 1",
        "contact sheet: 1 of 1",
        "search kit: 1 of 1",
    ]


def test_a_recorded_search_enters_the_case_and_another_run_keeps_it(clips, tmp_path):
    case = make_case(tmp_path, clips)
    keyframes_of_case(case)
    assert len(searches_of_case(case).made) == 0
    assert case.evidence("searches")["searches"] == []
    table = case.folder / "search_kit/searches.csv"
    head, first, *rest = table.read_text(encoding="utf-8-sig").splitlines()
    still = first.split(",")[0]
    filled = f"{still},plain,Google Lens,A. Analyst,2024-11-05,nothing,,,,"
    table.write_text("\n".join([head, filled, *rest]), encoding="utf-8")
    (run,) = run_case(case, only=["03_frames_to_search"])
    assert (run.state, run.error) == ("ran", "")
    (search,) = case.evidence("searches")["searches"]
    assert (search["still"], search["engine"], search["outcome"]) == (still, "Google Lens", "nothing")
    assert b"A. Analyst" in case.evidence_path("searches.csv").read_bytes()
    assert [parent for parent, _ in case.derived["searches"].parents] == ["searches.csv"]
    executed = (case.folder / "executed/03_frames_to_search.ipynb").read_text(encoding="utf-8")
    assert "1 found nothing" in executed
    assert "the search kit lies in search_kit/" in executed
    # What can be made again from the stills is not packed.
    packed = folder_contents(case.folder, leave_out=NOT_PACKED).members
    assert [name for name in packed if "search_kit" in name] == []
    assert "derived/searches.csv" in packed


def test_a_table_with_a_fault_does_not_enter_the_case(clips, tmp_path):
    case = make_case(tmp_path, clips)
    with pytest.raises(FileNotFoundError, match="keyframes_of_case makes it"):
        searches_of_case(case)
    keyframes_of_case(case, gentle="grey")
    assert list((case.folder / "search_kit/previews").iterdir())
    table = case.folder / "search_kit/searches.csv"
    text = table.read_text(encoding="utf-8-sig")
    table.write_text(text.replace("not searched", "real", 1), encoding="utf-8")
    with pytest.raises(ValueError, match=r"search_kit/searches\.csv: row 2: outcome"):
        searches_of_case(case)
    assert "searches" not in case.derived


def test_a_table_that_is_a_link_out_of_the_case_is_not_read(clips, tmp_path):
    case = make_case(tmp_path, clips)
    (tmp_path / "secret.csv").write_text("still", encoding="utf-8")
    (case.folder / "search_kit").mkdir()
    (case.folder / "search_kit/searches.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(AuditError, match="link"):
        searches_of_case(case)


def test_an_archive_grows_by_what_is_new_and_tells_how_far_it_is(clips, tmp_path):
    told = []
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"nothing")
    first = add_to_archive(tmp_path / "known", [bad, clips[0]], progress=lambda *done: told.append(done))
    # Between the files comes how far the work is, where it takes long enough.
    assert [done for done in told if ":" not in done[0]] == [("bad.mp4", 1, 2), ("whole.mp4", 2, 2)]
    assert (first.added, first.skipped, [file for file, _ in first.failed]) == (("whole.mp4",), (), [str(bad)])
    again = add_to_archive(tmp_path / "known", [clips[0], clips[1]])
    assert (again.added, again.skipped, again.failed) == (("piece.mp4",), ("whole.mp4",), ())


def test_each_step_is_done_for_each_clip_and_the_notebooks_show_a_section_for_each(clips, archive, tmp_path):
    other = film(tmp_path / "other.mp4", pictures(3, seed=9))
    case = make_case(tmp_path, clips, archive=archive, further=Further(videos=(other,)))
    runs = run_case(case)
    assert [(run.notebook, run.error) for run in runs] == [(run.notebook, "") for run in runs]
    assert len(runs) == 9
    for name in ("container", "scan", "keyframes", "searches", "copies", "edits"):
        assert {name, f"clip_2/{name}"} <= set(case.derived)
    found = [case.evidence(name)["search"]["matches"] for name in ("copies", "clip_2/copies")]
    assert [bool(matches) for matches in found] == [True, False]
    assert (case.folder / "search_kit/clip_2/search_kit.html").is_file()
    for step in ("02_what_is_this_file", "03_frames_to_search", "04_seen_before", "05_was_it_edited"):
        shown = (case.folder / f"executed/{step}.ipynb").read_text(encoding="utf-8")
        assert shown.count('"Clip 1 of 2: piece.mp4"') >= 2
        assert shown.count('"Clip 1 of 2: piece.mp4"') == shown.count('"Clip 2 of 2: other.mp4"')
    sealed = seal_case(case.folder)
    checked = verify_package(sealed.package, expect_seal=sealed.seal)
    assert (checked.ok, checked.exit_code) == (True, 0)
    shown = open_package(sealed.package).card._repr_mimebundle_()["text/plain"]
    assert "clip 2: other.mp4" in shown


def test_a_further_clip_that_is_no_media_starts_no_case(clips, tmp_path):
    (tmp_path / "text.mp4").write_text("no video", encoding="utf-8")
    with pytest.raises(MediaError, match=r"text\.mp4"):
        make_case(tmp_path, clips, further=Further(videos=(tmp_path / "text.mp4",)))
    assert not (tmp_path / "case").exists()


def test_step_05_says_what_it_saw_and_what_it_does_not_look_for(clips, archive, tmp_path):
    case = make_case(tmp_path, clips, archive=archive)
    before = edits_of_case(case)
    assert "step 04 has not run" in before._repr_mimebundle_()["text/plain"]
    search_case(case)
    edits = edits_of_case(case)
    told = edits._repr_mimebundle_()["text/plain"]
    assert "Beside whole.mp4" in told
    assert "it is a part of the copy's time" in told
    assert NOT_LOOKED_FOR in told
    assert case.evidence("edits")["not_looked_for"] == NOT_LOOKED_FOR
    assert [figure.mime for figure in edits.figures] == ["image/png", "image/jpeg"]
    assert " laid on " in edits.figures[1].alt
    assert edits.figures[1].data == (case.folder / "derived/copies/evidence_3.jpg").read_bytes()


def test_cuts_are_told_with_their_seconds(tmp_path):
    cut = film(tmp_path / "cut.mp4", [*pictures(2), *pictures(2, seed=9)])
    edits = edits_of_case(start_case(tmp_path / "case", video=cut, claim=Claim.from_text("a post")))
    assert "Changes of shot: cut at 0:02.000." in edits._repr_mimebundle_()["text/plain"]


def test_all_dates_of_a_case_stand_in_one_row_with_their_origin(clips, tmp_path):
    post = json.dumps({"text": "b", "posted": "2024-11-04T10:00:00Z", "account": "@b"}).encode()
    claim = Claim(text="a", posted="2024-11-05")
    case = start_case(tmp_path / "case", video=clips[1], claim=claim, further=Further(posts=(post,)))
    case.observe(
        "snow", kind="time", what="snow", sure="possible", by="N. N.", about="S4", fits="undecided",
        earliest="2023-11", latest="2024-03",
    )  # fmt: skip
    made = dates_of_case(case)
    assert [(date.value, date.origin) for date in made.dates] == [
        ("2023-11", "observed/snow"),
        ("2024-03", "observed/snow"),
        ("2024-11-04T10:00:00Z", "post 2"),
        ("2024-11-05", "post 1"),
    ]
    assert case.evidence_path("timeline.png").read_bytes() == made.timeline.data
    assert [parent for parent, _ in case.derived["timeline"].parents] == ["video", "observed/snow"]


def test_searches_that_people_recorded_are_there_when_a_package_runs_again(clips, tmp_path):
    case = make_case(tmp_path, clips)
    keyframes_of_case(case)
    table = case.folder / "search_kit/searches.csv"
    head, first, *rest = table.read_text(encoding="utf-8-sig").splitlines()
    filled = f"{first.split(',')[0]},plain,Google Lens,A. Analyst,2024-11-05,nothing,,,,"
    table.write_text("\n".join([head, filled, *rest]), encoding="utf-8")
    for name in ("01_open_case", "02_what_is_this_file", "04_seen_before", "05_was_it_edited", "06_words_and_sounds"):
        (case.folder / f"notebooks/{name}.ipynb").unlink()
    for name in ("07_where_and_when", "08_verdict_and_handover", "09_check_a_case"):
        (case.folder / f"notebooks/{name}.ipynb").unlink()
    run_case(case)
    sealed = seal_case(case.folder)
    again = rerun_package(verify_package(sealed.package), sealed.package)
    assert (again["rerun"].state, again["rerun"].problems) == ("holds", ())


def test_a_post_is_read_strictly_and_errors_name_it():
    post = {"text": "a", "url": "https://example.org/1", "account": "@a", "posted": "2024-11-05", "language": "en"}
    claim = claim_from_post(json.dumps(post | {"likes": 5}).encode())
    assert (claim.text, claim.url, claim.account, claim.posted) == ("a", post["url"], "@a", "2024-11-05")
    assert claim_from_post(json.dumps(post).encode(), text="b").text == "b"
    for data in (b"", b"[" * 99_999, b'{"text": "a", "text": "b"}', b'{"posted": 1}', b'{"text": "a", "url": [1]}'):
        with pytest.raises(ValueError, match=r"^mine\.json: "):
            claim_from_post(data, name="mine.json")


def test_no_case_is_started_for_what_is_no_media(tmp_path):
    text = tmp_path / "clip.mp4"
    text.write_text("no video", encoding="utf-8")
    with pytest.raises(MediaError, match=r"clip\.mp4"):
        start_case(tmp_path / "case", video=text, claim=Claim.from_text("a"))
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_decisions_go_into_the_cells_they_were_written_for_and_every_one_has_a_cell(clips, sample_data, tmp_path):
    case = make_case(tmp_path, clips)
    fill_demo(case, sample_data / "decisions.toml")
    filled = "".join(path.read_text(encoding="utf-8") for path in sorted((case.folder / "notebooks").iterdir()))
    tags = re.findall(r"^(decide-[a-z]+) =", (sample_data / "decisions.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(tags) == len(set(tags)) == len(re.findall(r'"decide-[a-z]+"', filled))
    assert "Edit, then run" not in filled


def test_the_demo_is_not_prepared_over_something(tmp_path):
    (tmp_path / "mine").touch()
    with pytest.raises(FileExistsError, match="--out"):
        prepare_demo(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
