"""What people and software read: the published marts as documents."""
