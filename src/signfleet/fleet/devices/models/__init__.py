"""The player models: `models.json` lists them, `catalog` looks them up.

To add a model, add its line to `models`: `outputs` maps each video connector to the name of a list in `videoModes`
(none for an audio player). A model with `"listed": false` is known, with its connectors and modes, without being part
of the contract's list of supported models. Of a `retired` model only the family is known.
"""
