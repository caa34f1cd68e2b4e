"""Running a published definition: instances, tasks, timers, messages, incidents."""
