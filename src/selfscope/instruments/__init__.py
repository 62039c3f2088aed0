"""What is asked: one module or folder a measurement, its items as data beside the code that asks them."""
