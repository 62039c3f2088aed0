"""What leaves and enters an archive in forms that others read."""
