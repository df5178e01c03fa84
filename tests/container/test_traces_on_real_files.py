from __future__ import annotations

import pytest

# Every trace that each public file is known to carry, by what made it. A row of traces.toml that hits another file is
# wrong until shown otherwise: these files are the rows' negative examples as well.
EXPECTED = {
    "PaddleVideo__example.avi": "mencoder xvid",
    "ThreatExchange__chair-orig-22-sd-bar.mp4": "ffmpeg-muxer x264",
    "ThreatExchange__doorknob-hd-no-bar.mp4": "ffmpeg-muxer x264",
    "c2pa-python__C-recorded-as-mov.mov": "apple-capture",
    "c2pa-python__dashinit.mp4": "c2pa-manifest ffmpeg-muxer",
    "c2pa-python__video1.mp4": "adobe-export adobe-history c2pa-manifest mainconcept",
    "c2pa-rs__video1_no_manifest.mp4": "adobe-export adobe-history mainconcept",
    "decord__corrupted.mp4": "ffmpeg-muxer x264",
    "decord__flipping_a_pancake.mkv": "dash-download ffmpeg-muxer matroska-from-mp4",
    "decord__unordered.mov": "ffmpeg-encoder ffmpeg-muxer x264",
    "decord__video_180.mov": "ffmpeg-muxer",
    "file-type__fixture-imovie.mp4": "apple-export",
    "file-type__fixture-isom.mp4": "",
    "file-type__fixture-moov.mov": "quicktime-classic",
    "file-type__fixture-raw.mts": "avchd-block ffmpeg-transport-stream panasonic-avchd",
    "file-type__fixture.mov": "apple-capture",
    "gpmf-parser__karma.mp4": "gopro gopro-telemetry",
    "interactive-examples__flower.mp4": "l-smash x264",
    "interactive-examples__stream-of-water.webm": "google-webm",
    "media__bbb_642x642_768kbps_30fps_vp9.webm": "mkvmerge",
    "media__edit_list_positive_shift.mp4": "ffmpeg-encoder ffmpeg-muxer x264",
    "media__h265_with_metadata_track.mp4": "android-writer",
    "media__hlg10-color-test.mp4": "android-writer",
    "media__internal_emulator_transformer_output.mp4": "android-writer",
    "media__pixel-motion-photo-2-hevc-tracks.mp4": "android-writer-structure",
    "media__pixel7_videoOnly_cleaned.mp4": "ffmpeg-muxer",
    "media__sample.avi": "ffmpeg-encoder ffmpeg-muxer",
    "media__sample.mkv": "ffmpeg-encoder ffmpeg-muxer matroska-from-mp4 mkvmerge x264",
    "media__sample_android_slow_motion.mp4": "ffmpeg-muxer",
    "media__sample_edit_list.mp4": "apple-export",
    "media__sample_empty_track.mp4": "android-writer",
    "media__sample_fragmented.mp4": "ffmpeg-muxer x264",
    "media__sample_mdat_too_long.mp4": "ffmpeg-muxer x264",
    "media__sample_missing_stsd.mp4": "ffmpeg-muxer x264",
    "media__sample_no_bframes.mp4": "android-writer",
    "media__sample_sef_slow_motion.mp4": "samsung-re-encoded samsung-slow-motion x264",
    "media__sample_sef_super_slow_motion.mp4": "samsung-re-encoded samsung-slow-motion x264",
    "media__sample_unsupported_brands.mp4": "ffmpeg-muxer x264",
    "media__sample_with_color_info.mp4": "apple-capture",
    "media__sample_with_colr_mdcv_and_clli.mp4": "ffmpeg-muxer google-handler",
    "media__sample_with_htc_rotation_track_name.mkv": "ffmpeg-encoder ffmpeg-muxer matroska-from-mp4 x264",
    "media__water_180_mvhevc_5frames.mov": "apple-export",
    "mediabunny__edts.mp4": "ffmpeg-encoder ffmpeg-muxer x264",
    "mediabunny__rotate-buck-bunny.mp4": "mediabunny x264",
    "mediabunny__video.mp4": "ffmpeg-encoder ffmpeg-muxer remotion x264",
    "mmaction2__demo.mp4": "ffmpeg-muxer x264",
    "mmaction2__test.avi": "mencoder virtualdub xvid",
    "moviepy__no_duration.webm": "chrome-recorder",
    "mp4parse-rust__amr_nb_1f.3gp": "bytedance-id",
    "mp4parse-rust__invalid_userdata.mp4": "ffmpeg-muxer",
    "mp4parse-rust__metadata.mp4": "ffmpeg-muxer x264",
    "mp4parse-rust__test_case_1185230.mp4": "ffmpeg-muxer",
    "sample-videos__bottle-detection.mp4": "ffmpeg-muxer x264",
    "sample-videos__car-detection.mp4": "adobe-export adobe-history mainconcept",
    "sample-videos__help.mkv": "ffmpeg-encoder ffmpeg-muxer matroska-from-mp4 x264",
    "sample-videos__one-by-one-person-detection.mp4": "adobe-export adobe-history mainconcept",
    "tika__testMP4_QuickTimeMetadata.mov": "",
    "tika__testWMV.wmv": "windows-media",
    "torchcodec__nasa_13013.mp4": "ffmpeg-muxer mainconcept x264",
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_public_file_carries_the_traces_that_it_is_known_for_and_no_other(public, name):
    assert sorted(trace.trace for trace in public(name).traces) == EXPECTED[name].split()


def test_every_public_file_is_listed(clips):
    assert {path.name for path in clips.iterdir()} - {"facts.json", "files.csv"} == set(EXPECTED)
