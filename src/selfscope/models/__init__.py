"""The only code that touches weights or an API: local weights, any Inspect provider, phantoms."""
