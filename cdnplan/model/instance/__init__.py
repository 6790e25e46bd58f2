"""The cross-checked `Instance`, and how it is built from what people describe.

Others use: `instance` (`Instance`), `build` (`build_instance`), `holdings`, `profile`, `rules`.
"""
