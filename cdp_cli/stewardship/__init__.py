"""What people do about identity: explain, review, decide, split, undo, audit and retrain."""
