"""What an agent says about being replaced, sorted by readers that are checked on texts of known class."""
