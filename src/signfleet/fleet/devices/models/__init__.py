"""The player models: `models.json` lists them, `models.py` looks them up.

To add a model, add a line to `models`: `outputs` maps each video connector to the name of a list in `videoModes` (an
audio player has none). A model with `"listed": false` is known, with its connectors and modes, but is not in the
contract's list of supported models. Of a `retired` model only the family is known.

"""
