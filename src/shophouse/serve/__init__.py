"""What people get: files and pages made from what was published."""
