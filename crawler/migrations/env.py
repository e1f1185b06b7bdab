"""Runs migrations on the connection that `upgrade` opened, or (for developers) writes a new one."""

from alembic import context

from crawler.migrations import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
