"""Every property as a test of its own: `pytest --pyargs indexlab.contract --indexlab-target LABEL`."""
