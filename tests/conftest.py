"""What holds for every test: no verdict depends on how busy the machine is, and what takes longest is begun first."""

from hypothesis import HealthCheck, settings

settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")
LONG = {"browser", "slow"}


def pytest_configure(config):
    config.option.loadscopereorder = False  # by the number of tests in it, pytest-xdist would begin a file with one long test last


def pytest_collection_modifyitems(items):
    """Files with browsers and whole processes come first: at the end, one worker would be busy with the last of them and the others idle."""
    long = {item.path for item in items if not LONG.isdisjoint(mark.name for mark in item.iter_markers())}
    items.sort(key=lambda item: item.path not in long)
