"""The registry and its files: names, tags, champions, and a run that leaves and comes back."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

import forecasting as fc
from engine import packages
from engine.errors import EngineError, RunError
from engine.registry import About, Registration, Registry
from engine.requests import ForecastRequest, PanelSpec
from engine.runs import Run
from engine.supervisor import Engine


def frame(last: float = 1.0) -> pd.DataFrame:
    stamps = pd.date_range("2026-01-01", periods=28)
    targets = [float(day % 7) for day in range(27)] + [last]
    return pd.DataFrame({"series_id": "a", "timestamp": stamps, "target": targets})


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    opened = Registry(tmp_path)
    yield opened
    opened.close()


def trained(
    registry: Registry, run_id: str, *, model: str = "theta", group: str = "", scope: str = "all"
) -> Run:
    """A run whose results are there, as a worker leaves them."""
    request = ForecastRequest(panel=PanelSpec(freq="D"), model=model, horizon=3)
    run = Run.create(registry.run(run_id).folder, request, frame())
    panel = fc.Panel.from_frame(frame(), "D")
    made = fc.create(model, horizon=3).fit(panel)
    run.save_model(made)
    run.write_frame("forecast", made.predict(panel).to_frame())
    about = About(model=model, scope={"where": scope}, horizon=3, group=group, snapshot="abc")
    registry.add(run_id, about, name=f"{model} of {scope}")
    return run


def packed(registry: Registry, run_id: str) -> io.BytesIO:
    entry = registry.entry(run_id)
    assert entry
    file = io.BytesIO()
    packages.pack(registry.run(run_id), entry, file)
    file.seek(0)
    return file


def changed(file: io.BytesIO, change: Callable[[dict[str, bytes]], None]) -> io.BytesIO:
    """The zip with other content; the manifest is not made to fit."""
    with zipfile.ZipFile(file) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    change(content)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    made.seek(0)
    return made


def manifest_with(**values: object) -> Callable[[dict[str, bytes]], None]:
    def change(content: dict[str, bytes]) -> None:
        manifest = json.loads(content["manifest.json"])
        content["manifest.json"] = json.dumps({**manifest, **values}).encode()

    return change


def test_when_the_app_starts_again_then_names_tags_and_champions_are_still_there(
    registry: Registry, tmp_path: Path
) -> None:
    trained(registry, "r1")
    registry.rename("r1", "  Spring   plan ")
    registry.tag("r1", ["slow", "keep", "slow"])
    registry.crown("r1")
    registry.close()
    again = Registry(tmp_path)
    (entry,) = again.entries()
    again.close()
    assert (entry.name, entry.tags, entry.is_champion) == ("Spring plan", ("slow", "keep"), True)
    assert entry.about.snapshot == "abc"


def test_when_a_run_is_crowned_then_only_the_champion_of_its_own_scope_steps_down(
    registry: Registry,
) -> None:
    for run_id, scope in (("r1", "tea"), ("r2", "tea"), ("r3", "mugs")):
        trained(registry, run_id, scope=scope)
        registry.crown(run_id)
    assert {e.run_id for e in registry.entries() if e.is_champion} == {"r2", "r3"}
    registry.uncrown("r2")
    assert {e.run_id for e in registry.entries() if e.is_champion} == {"r3"}


@pytest.mark.parametrize("name", ["", "   ", "x" * 121])
def test_when_a_name_is_empty_or_too_long_then_it_is_refused(registry: Registry, name: str) -> None:
    trained(registry, "r1")
    with pytest.raises(EngineError, match="Use 1 to 120"):
        registry.rename("r1", name)


def test_when_a_comparison_is_done_then_its_errors_go_to_the_runs_of_its_group(
    registry: Registry,
) -> None:
    trained(registry, "r1", model="theta", group="g")
    trained(registry, "r2", model="ets", group="g")
    trained(registry, "r3", model="theta", group="another")
    comparison = Run.create(
        registry.run("c").folder,
        ForecastRequest(panel=PanelSpec(freq="D"), model="theta", horizon=3),
        frame(),
    )
    registry.add("c", About(model="", group="g"), name="Comparison")
    registry.collect_metrics()
    assert not any(entry.metrics for entry in registry.entries())
    panel = fc.Panel.from_frame(frame(), "D")
    board = fc.backtest(panel, ["theta", "seasonal_naive"], horizon=3).leaderboard()
    comparison.write_frame("leaderboard", board)
    registry.collect_metrics()
    found = {entry.run_id: entry.metrics for entry in registry.entries()}
    theta = board.set_index("model").loc["theta"]
    assert found["r1"]["WAPE"] == pytest.approx(theta["WAPE"])
    assert found["r1"]["WAPE of seasonal_naive"] >= 0
    assert not found["r2"]
    assert not found["r3"]


def test_when_a_run_forecasts_with_the_model_of_another_then_it_depends_on_it(
    registry: Registry,
) -> None:
    trained(registry, "r1")
    request = ForecastRequest(panel=PanelSpec(freq="D"), from_run="r1", horizon=3)
    Run.create(registry.run("r2").folder, request, frame())
    registry.add("r2", About(model="theta"), name="Again with it")
    assert [entry.run_id for entry in registry.dependents("r1")] == ["r2"]
    assert not registry.dependents("r2")
    registry.delete("r1")
    assert [entry.run_id for entry in registry.entries()] == ["r2"]
    assert not registry.run("r1").folder.exists()


def test_when_a_model_was_trained_further_then_it_does_not_depend_on_where_it_began(
    registry: Registry,
) -> None:
    trained(registry, "r1", model="naive")
    further = ForecastRequest(panel=PanelSpec(freq="D"), from_run="r1", fine_tune="all", horizon=3)
    Run.create(registry.run("r2").folder, further, frame())
    registry.add("r2", About(model="lstm"), name="Trained further")
    assert not registry.dependents("r1")


def test_when_the_champion_changes_then_who_did_it_and_why_stay(registry: Registry) -> None:
    for run_id, scope in (("r1", "tea"), ("r2", "tea"), ("r3", "mugs")):
        trained(registry, run_id, scope=scope)
    registry.crown("r1", why="  the  first ", who="Ann", at=1.0)
    registry.crown("r2", why="better in stores", at=2.0)
    registry.crown("r3", at=3.0)
    registry.rename("r2", "Renamed since")
    registry.delete("r2")
    registry.uncrown("r1", why="too old", who="Bo", at=4.0)
    entry = registry.entry("r1")
    assert entry
    found = registry.crownings(entry.about.scope_key)
    assert [(each.run_id, each.is_crowned, each.why, each.who, each.at) for each in found] == [
        ("r1", False, "too old", "Bo", 4.0),
        ("r2", True, "better in stores", "", 2.0),
        ("r1", True, "the first", "Ann", 1.0),
    ]
    assert found[1].name == "theta of tea"
    with pytest.raises(RunError, match="no run"):
        registry.crown("r2", why="gone")


def test_when_a_part_of_the_scope_has_a_new_revision_then_the_scope_is_the_same() -> None:
    first = About(model="lstm", scope={"segment": 3, "segment_revision": 1}, horizon=4)
    again = About(model="gru", scope={"segment": 3, "segment_revision": 2}, horizon=4)
    other = About(model="lstm", scope={"segment": 4, "segment_revision": 1}, horizon=4)
    assert first.scope_key == again.scope_key != other.scope_key


def test_when_a_run_is_packed_deleted_and_unpacked_then_it_predicts_the_same(
    registry: Registry,
) -> None:
    run = trained(registry, "r1")
    registry.tag("r1", ["keep"])
    registry.note_metrics("r1", {"WAPE": 0.1})
    before = run.frame("forecast")
    file = packed(registry, "r1")
    registry.delete("r1")
    run_id = packages.unpack(registry, file, file_name="theta.zip")
    entry = registry.entry(run_id)
    assert entry
    assert entry.about.uploaded_from == "theta.zip"
    assert (entry.tags, entry.metrics) == (("keep",), {"WAPE": 0.1})
    model = fc.load(registry.run(run_id).model)
    after = model.predict(fc.Panel.from_frame(frame(), "D")).to_frame()
    assert before is not None
    before["series_id"] = before["series_id"].astype(object)
    pd.testing.assert_frame_equal(before, after, check_dtype=False)


def test_when_a_run_is_packed_then_the_sales_stay_at_home(registry: Registry) -> None:
    trained(registry, "r1")
    with zipfile.ZipFile(packed(registry, "r1")) as archive:
        assert set(archive.namelist()) == {
            *("manifest.json", "request.json", "forecast.parquet", "model/config.json")
        }


def test_when_a_run_kept_no_model_then_it_cannot_be_packed(registry: Registry) -> None:
    request = ForecastRequest(panel=PanelSpec(freq="D"), model="theta", horizon=3)
    Run.create(registry.run("r1").folder, request, frame())
    registry.add("r1", About(model="theta"), name="Unfinished")
    with pytest.raises(RunError, match="Only finished trainings keep a model"):
        packed(registry, "r1")


def slip(name: str) -> Callable[[dict[str, bytes]], None]:
    """Add a file under this name, manifest and all."""

    def change(content: dict[str, bytes]) -> None:
        content[name] = b"evil"
        manifest = json.loads(content["manifest.json"])
        manifest["files"][name] = "0" * 64
        content["manifest.json"] = json.dumps(manifest).encode()

    return change


def spoil(content: dict[str, bytes]) -> None:
    content["model/config.json"] = content["model/config.json"].replace(b"theta", b"thetb")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda content: content.pop("manifest.json"), "no readable manifest.json"),
        (lambda content: content.pop("model/config.json"), "lists other files than it holds"),
        (spoil, "model/config.json is not what was saved"),
        (slip("../../evil.json"), "which no run has"),
        (slip("/etc/evil.json"), "which no run has"),
        (slip("model/../../evil.json"), "which no run has"),
        (slip("model\\..\\evil.json"), "which no run has"),
        (slip("model/weights.pkl"), "which no run has"),
        (slip("model/code.py"), "which no run has"),
        (slip("panel.parquet"), "which no run has"),
        (manifest_with(what="holiday pictures"), "not a run that Almanac saved"),
        (manifest_with(format=2), "Update this installation"),
        (manifest_with(files=None), "has no files"),
        (manifest_with(about={"model": "lstm"}), "unknown here"),
        (manifest_with(about={"model": "theta", "scope": 7}), "scope is 7"),
        (manifest_with(metrics={"WAPE": "good"}), "are no numbers"),
        (manifest_with(name=""), "Use 1 to 120"),
    ],
)
def test_when_a_file_is_foreign_or_damaged_then_it_is_refused_and_nothing_stays(
    registry: Registry, change: Callable[[dict[str, bytes]], None], words: str
) -> None:
    trained(registry, "r1")
    file = changed(packed(registry, "r1"), change)
    registry.delete("r1")
    with pytest.raises(RunError, match=words):
        packages.unpack(registry, file, file_name="gift.zip")
    assert not registry.entries()
    assert not [path for path in registry.folder.rglob("*") if "evil" in path.name]
    assert not list((registry.folder / "runs").iterdir())


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 cut off"])
def test_when_a_file_is_no_zip_then_it_is_refused(registry: Registry, content: bytes) -> None:
    with pytest.raises(RunError, match="no readable zip file"):
        packages.unpack(registry, io.BytesIO(content), file_name="gift.zip")


def test_when_a_zip_contains_a_link_then_it_is_refused(registry: Registry) -> None:
    trained(registry, "r1")

    def link(content: dict[str, bytes]) -> None:
        content["notes.parquet"] = b"/etc/passwd"

    file = changed(packed(registry, "r1"), link)
    made = io.BytesIO()
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(made, "w") as target:
        for member in source.infolist():
            if member.filename == "notes.parquet":
                member.external_attr = 0o120777 << 16
            target.writestr(member, source.read(member.filename))
    made.seek(0)
    with pytest.raises(RunError, match="which no run has"):
        packages.unpack(registry, made, file_name="gift.zip")


def test_when_a_zip_unpacks_to_too_much_then_it_is_refused(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained(registry, "r1")
    file = packed(registry, "r1")
    monkeypatch.setattr(packages, "MOST_BYTES", 100)
    with pytest.raises(RunError, match="allowed are"):
        packages.unpack(registry, file, file_name="gift.zip")


# --- What an app did not come to write down ---


def test_when_a_run_was_not_registered_then_its_end_or_the_next_start_does_so_once(
    registry: Registry, tmp_path: Path
) -> None:
    said = Registration(about=About(model="naive", horizon=3), name="Lost", tags=("kept",))
    request = ForecastRequest(panel=PanelSpec(freq="D"), model="naive", horizon=3)
    with Engine(tmp_path, on_end=registry.register) as engine:
        run_id = engine.submit(request, frame(), registration=said)
        assert registry.entry(run_id) is None
        assert engine.wait(run_id, timeout=60).state == "succeeded"
    entry = registry.entry(run_id)
    assert entry
    assert (entry.name, entry.tags, entry.about) == ("Lost", ("kept",), said.about)
    registry.rename(run_id, "Found")
    registry.register(run_id)
    registry.add(run_id, said.about, name=said.name)  # the app was slower than its engine
    assert [each.name for each in registry.entries()] == ["Found"]


def test_when_registering_fails_then_the_jobs_go_on(tmp_path: Path) -> None:
    def fails(_: str) -> None:
        raise EngineError("no room")

    request = ForecastRequest(panel=PanelSpec(freq="D"), model="naive", horizon=3)
    with Engine(tmp_path, on_end=fails) as engine:
        run_ids = [engine.submit(request, frame()) for _ in range(2)]
        assert [engine.wait(each, timeout=60).state for each in run_ids] == ["succeeded"] * 2


@pytest.mark.parametrize("text", ["", "[]", '{"about": {"model": 3}, "name": "x", "tags": []}'])
def test_when_a_registration_is_damaged_then_it_is_left_alone(
    registry: Registry, text: str
) -> None:
    registry.run("r").folder.mkdir()
    (registry.run("r").folder / "registration.json").write_text(text)
    registry.register("r", "none such")
    assert registry.entries() == []
