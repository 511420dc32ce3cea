"""What two parties agree on: records, messages, machines. Pure: no clock, socket, disk, randomness or thread."""
