// BullMQ: queues, workers, events, delays, priorities, retries, flows. Argument: the ioredis major below it, 5 or 6.
import assert from 'node:assert/strict';
import { FlowProducer, Queue, QueueEvents, Worker } from 'bullmq';
import { check, db, host, main, port, prefix, range, waitUntil } from './checks.mjs';

const { default: Redis } = await import(`ioredis${process.argv[2] ?? 6}`);
const own = new Redis({ host, port, db, maxRetriesPerRequest: null });

// Each check has a queue of its own; everything that it opens is closed at its end.
async function withQueue(name, body) {
  const open = [];
  const options = { connection: own, prefix: prefix.replaceAll(':', '') };
  const add = (made) => {
    made.on?.('error', () => {});
    open.push(made);
    return made;
  };
  const tools = {
    queue: add(new Queue(name, options)),
    // From the first event on: one that comes before the first XREAD would be lost.
    events: add(new QueueEvents(name, { ...options, lastEventId: '0' })),
    worker: (work, extra = {}) => add(new Worker(name, work, { ...options, ...extra })),
    flows: () => add(new FlowProducer(options)),
  };
  await tools.events.waitUntilReady();
  try {
    await body(tools);
  } finally {
    for (const made of open.reverse()) await made.close();
  }
}

check('jobs and results', () => withQueue('plain', async ({ queue, events, worker }) => {
  worker(async (job) => job.data.n * 2, { concurrency: 5 });
  const first = await queue.add('double', { n: 21 });
  assert.equal(await first.waitUntilFinished(events, 20000), 42);
  const jobs = await queue.addBulk(range(200).map((n) => ({ name: 'double', data: { n } })));
  const results = await Promise.all(jobs.map((job) => job.waitUntilFinished(events, 20000)));
  assert.deepEqual(results, range(200).map((n) => 2 * n));
  assert.equal((await queue.getJobCounts('completed')).completed, 201);
}));

check('one worker keeps the order', () => withQueue('fifo', async ({ queue, worker }) => {
  await queue.addBulk(range(100).map((n) => ({ name: 'n', data: { n } })));
  const seen = [];
  worker(async (job) => { seen.push(job.data.n); });
  await waitUntil(() => seen.length === 100, 'all jobs');
  assert.deepEqual(seen, range(100));
}));

check('priorities', () => withQueue('priority', async ({ queue, worker }) => {
  await queue.addBulk([5, 1, 4, 2, 3].map((n) => ({ name: 'n', data: { n }, opts: { priority: n } })));
  const seen = [];
  worker(async (job) => { seen.push(job.data.n); });
  await waitUntil(() => seen.length === 5, 'all jobs');
  assert.deepEqual(seen, [1, 2, 3, 4, 5]);
}));

check('a delayed job', () => withQueue('delayed', async ({ queue, events, worker }) => {
  worker(async () => Date.now());
  const started = Date.now();
  const job = await queue.add('later', {}, { delay: 700 });
  assert.equal(await job.getState(), 'delayed');
  const ran = await job.waitUntilFinished(events, 20000);
  assert.ok(ran - started >= 650, `ran after ${ran - started} ms`);
}));

check('an idle worker wakes up', () => withQueue('idle', async ({ queue, events, worker }) => {
  const made = worker(async (job) => job.data);
  await made.waitUntilReady();
  for (const text of ['one', 'two', 'three']) {
    const job = await queue.add('echo', { text });
    assert.deepEqual(await job.waitUntilFinished(events, 20000), { text });
  }
}));

check('retries, failures, progress and events', () => withQueue('events', async ({ queue, events, worker }) => {
  const heard = { progress: [], failed: [], completed: [] };
  for (const name of Object.keys(heard)) events.on(name, (event) => heard[name].push(event));
  worker(async (job) => {
    if (job.name === 'hopeless') throw new Error('meant to fail');
    await job.updateProgress(50);
    if (job.attemptsMade < 2) throw new Error('not yet');
    return 'third time';
  });
  const patient = await queue.add('patient', {}, { attempts: 3, backoff: { type: 'fixed', delay: 50 } });
  assert.equal(await patient.waitUntilFinished(events, 20000), 'third time');
  const hopeless = await queue.add('hopeless', {});
  await assert.rejects(hopeless.waitUntilFinished(events, 20000), /meant to fail/);
  await waitUntil(() => heard.failed.length === 1 && heard.completed.length === 1, 'the events');
  assert.equal(heard.progress.length, 3);
  assert.equal(heard.failed[0].failedReason, 'meant to fail');
}));

check('a flow of parent and children', () => withQueue('flow', async ({ events, worker, flows }) => {
  worker(async (job) => {
    if (job.name !== 'sum') return job.data.n;
    const children = await job.getChildrenValues();
    return Object.values(children).reduce((sum, value) => sum + value, 0);
  }, { concurrency: 3 });
  const children = range(10).map((n) => ({ name: 'n', data: { n }, queueName: 'flow' }));
  const flow = await flows().add({ name: 'sum', queueName: 'flow', data: {}, children });
  assert.equal(await flow.job.waitUntilFinished(events, 20000), 45);
}));

check('pause, resume and obliterate', () => withQueue('pause', async ({ queue, events, worker }) => {
  await queue.pause();
  worker(async () => 'ran');
  const job = await queue.add('n', {});
  assert.equal(await queue.isPaused(), true);
  assert.equal((await queue.getJobCounts('completed')).completed, 0);
  await queue.resume();
  assert.equal(await job.waitUntilFinished(events, 20000), 'ran');
  await queue.obliterate({ force: true });
  assert.deepEqual(Object.values(await queue.getJobCounts()).filter((count) => count > 0), []);
}));

await main(() => own.flushdb());
