from benchmarks.accuracy.sources import ROOM, sources_of


def test_when_a_model_imports_a_module_then_it_and_what_it_imports_are_its_sources() -> None:
    found = {path.relative_to(ROOM).as_posix() for path in sources_of(["lstm"])}
    assert {"models/lstm.py", "networks/__init__.py", "panel.py", "arrays.py"} <= found
    assert not {"models/gbm.py", "models/pretrained.py", "__init__.py"} & found


def test_when_several_models_are_named_then_the_sources_of_each_are_found() -> None:
    both = sources_of(["theta", "gbm"])
    assert set(sources_of(["theta"])) | set(sources_of(["gbm"])) == set(both)
    assert ROOM / "models" / "gbm.py" in both
