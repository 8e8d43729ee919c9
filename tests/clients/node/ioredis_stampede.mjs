// ioredis under stampedes: one connection for all callers of a process, as its users have it, and a pool. Argument: its major version, 5 or 6.
import { blocks, cacheAside, crowd, db, host, main, Pool, port, range, ttl } from './stampede.mjs';

const { default: Redis } = await import(`ioredis${process.argv[2]}`);

function connect(options = {}) {
  const redis = new Redis({ host, port, db, ...options });
  redis.on('error', (error) => { throw error; });
  return redis;
}

const readers = (name, redis) => range(6).map(() => cacheAside(name, {
  get: (key) => redis.get(key),
  set: (key, value) => redis.set(key, value, 'EX', ttl),
}));

function filled(block, commands) {
  commands.forEach(([name, ...rest]) => block[name](...rest));
  return block.exec().then((replies) => replies.map(([error, value]) => {
    if (error) throw error;
    return value;
  }));
}

const busy = (name, redis) => [
  ...readers(name, redis),
  ...range(2).map(() => blocks(name, 'pipeline', (commands) => filled(redis.pipeline(), commands))),
  ...range(2).map(() => blocks(name, 'multi', (commands) => filled(redis.multi(), commands))),
  ...range(2).map(() => blocks(name, 'single', (commands) => Promise.all(commands.map(([command, ...rest]) => redis[command](...rest))))),
];

crowd('one_connection', () => readers('one_connection', connect()));
crowd('busy', () => busy('busy', connect()));
crowd('auto_pipelining', () => busy('auto_pipelining', connect({ enableAutoPipelining: true })));

crowd('pool', () => {
  const pool = new Pool(range(8).map(() => connect()));
  return range(8).map(() => cacheAside('pool', {
    get: (key) => pool.use((redis) => redis.get(key)),
    set: (key, value) => pool.use((redis) => redis.set(key, value, 'EX', ttl)),
  }));
});

main();
