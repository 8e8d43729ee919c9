"""The Celery application of the scenario: imported by the worker process and by the caller."""

from celery import Celery

from checks import DB, HOST, OTHER_DB, PORT, PREFIX

QUEUE = PREFIX.replace(":", "")

app = Celery(
    "celery_app",
    broker=f"redis://{HOST}:{PORT}/{DB}",
    backend=f"redis://{HOST}:{PORT}/{OTHER_DB}",
)
app.conf.update(
    task_default_queue=QUEUE,
    result_expires=600,
    worker_send_task_events=True,
    task_send_sent_event=True,
    broker_connection_retry_on_startup=True,
    broker_transport_options={"visibility_timeout": 600},
)


@app.task
def add(a, b):
    return a + b


@app.task
def total(numbers):
    return sum(numbers)


@app.task
def echo(value):
    return value


@app.task
def fail():
    raise ValueError("meant to fail")


@app.task(bind=True, max_retries=3)
def third_time(self):
    if self.request.retries < 2:
        raise self.retry(countdown=0)
    return self.request.retries
