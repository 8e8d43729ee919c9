// node-redis under stampedes: one client for all callers of a process, as its users have it, and its pool. It sends together what is called
// together. Arguments: its major version, 4 or 6, and the protocol, 2 or 3.
import { blocks, cacheAside, crowd, db, host, main, port, range, ttl } from './stampede.mjs';

const major = Number(process.argv[2]);
const library = await import(`redis${major}`);

const options = { url: `redis://${host}:${port}/${db}`, ...(major >= 5 && { RESP: Number(process.argv[3]) }) };

async function connect(more = {}) {
  const client = library.createClient({ ...options, ...more });
  client.on('error', (error) => { throw error; });
  return client.connect();
}

const readers = (name, client) => range(6).map(() => cacheAside(name, {
  get: (key) => client.get(key),
  set: (key, value) => client.set(key, value, { EX: ttl }),
}));

function filled(block, commands) {
  commands.forEach(([name, ...rest]) => (name === 'echo' ? block.addCommand(['ECHO', ...rest]) : block[name](...rest)));
  return block;
}

async function busy(name) {
  const client = await connect();
  return [
    ...readers(name, client),
    ...range(2).map(() => blocks(name, 'pipeline', (commands) => filled(client.multi(), commands).execAsPipeline())),
    ...range(2).map(() => blocks(name, 'multi', (commands) => filled(client.multi(), commands).exec())),
    ...range(2).map(() => blocks(name, 'single', (commands) => Promise.all(commands.map((words) => client.sendCommand(words))))),
  ];
}

// Gives each command a connection of its own. Version 4 calls it isolation.
async function pool() {
  if (major < 5) {
    const client = await connect({ isolationPoolOptions: { min: 8, max: 8 } });
    return (body) => client.executeIsolated(body);
  }
  const clients = library.createClientPool(options, { minimum: 8, maximum: 8 });
  await clients.connect();
  return (body) => body(clients);
}

crowd('one_connection', async () => readers('one_connection', await connect()));
crowd('busy', () => busy('busy'));

crowd('pool', async () => {
  const use = await pool();
  return range(8).map(() => cacheAside('pool', {
    get: (key) => use((client) => client.get(key)),
    set: (key, value) => use((client) => client.set(key, value, { EX: ttl })),
  }));
});

main();
