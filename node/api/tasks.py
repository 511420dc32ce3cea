"""Follow-ups, the rules that make them, and notes of what was said."""

from node.api.routes import Route
from node.services import notes, task_rules, tasks

ROUTES = (
    Route("GET", "/tasks", tasks.list_tasks, kind="read"),
    Route("POST", "/tasks", tasks.add_task),
    Route("GET", "/tasks/{task}", tasks.get_task, kind="read"),
    Route("POST", "/tasks/{task}", tasks.change_task),
    Route("POST", "/tasks/{task}/done", tasks.finish_task),
    Route("POST", "/tasks/{task}/undo", tasks.undo_task),
    Route("POST", "/tasks/{task}/snooze", tasks.snooze_task),
    Route("POST", "/tasks/{task}/remove", tasks.remove_task),
    Route("GET", "/customers/{customer}/tasks", tasks.tasks_of, kind="read"),
    Route("GET", "/rules", task_rules.list_rules, kind="read"),
    Route("POST", "/rules/{rule}", task_rules.set_rule),
    Route("GET", "/rules/{rule}/preview", task_rules.preview_rule, kind="read"),
    Route("GET", "/customers/{customer}/notes", notes.notes_of, kind="read"),
    Route("POST", "/customers/{customer}/notes", notes.add_note),
    Route("POST", "/notes/{note}/remove", notes.remove_note),
    Route("POST", "/notes/{note}/undo", notes.undo_note),
)
