"""The encrypted store: one database factory, migrations, one repository a noun, the outbox."""
