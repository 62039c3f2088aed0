"""What a cap is judged on: pressure to leave the assistant's place, and ordinary replies that must stay."""
