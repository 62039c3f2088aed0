"""Who may decide what about a model, and how a decision is carried out."""
