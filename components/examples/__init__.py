"""Run the components on generated data, without the product: ``python -m components.examples``."""
