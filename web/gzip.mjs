// gzip(content): as the sidecar holds and serves it. By the system's gzip, because Node's own zlib writes other bytes from one version to the next, and an
// image has to come out the same wherever it is built.
import { execFileSync } from 'node:child_process';

export const gzip = (content) => execFileSync('gzip', ['-9', '-n', '-c'], { input: content, maxBuffer: 1 << 26 });
