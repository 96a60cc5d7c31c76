"""What all tests share: pytest's own runner of test files, for the tests of the plugin."""

pytest_plugins = "pytester"
