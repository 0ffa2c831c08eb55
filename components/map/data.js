// Fetch and read the binary responses: positions, colors, states.

export class LoadError extends Error {}

async function bytes(url, signal) {
  let response;
  try {
    response = await fetch(new URL(url, location.href), { signal, credentials: "same-origin" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new LoadError("the server did not answer");
  }
  if (!response.ok) throw new LoadError(`the server answered ${response.status}`);
  return response.arrayBuffer();
}

// [u32 n][u32 hlen][JSON header][f32 x * n][f32 y * n], little endian.
export async function fetchPoints(url, signal) {
  const buffer = await bytes(url, signal);
  if (buffer.byteLength < 8) throw new LoadError("the positions are cut short");
  const head = new DataView(buffer);
  const n = head.getUint32(0, true);
  const start = 8 + head.getUint32(4, true);
  if (start % 4 || buffer.byteLength < start + 8 * n) throw new LoadError("the positions are cut short");
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, start - 8)));
  const x = new Float32Array(buffer, start, n);
  const y = new Float32Array(buffer, start + 4 * n, n);
  return { n, x, y, bounds: bounds(header, x, y) };
}

function bounds(header, x, y) {
  let { xmin, xmax, ymin, ymax } = header;
  if (![xmin, xmax, ymin, ymax].every(Number.isFinite)) {
    xmin = ymin = Infinity;
    xmax = ymax = -Infinity;
    for (let i = 0; i < x.length; i++) {
      if (x[i] < xmin) xmin = x[i];
      if (x[i] > xmax) xmax = x[i];
      if (y[i] < ymin) ymin = y[i];
      if (y[i] > ymax) ymax = y[i];
    }
  }
  return x.length ? { xmin, xmax, ymin, ymax } : { xmin: 0, xmax: 1, ymin: 0, ymax: 1 };
}

export async function fetchColor(url, kind, signal) {
  const buffer = await bytes(url, signal);
  return kind === "number" ? new Float32Array(buffer) : new Uint16Array(buffer);
}

export async function fetchState(url, signal) {
  return new Uint8Array(await bytes(url, signal));
}

// One value that follows a URL: the newest wins, older answers are dropped.
export class Source {
  constructor({ load, ready, failed }) {
    Object.assign(this, { load, ready, failed, url: null, loading: false, control: null });
  }

  follow(url, ...rest) {
    if (url === this.url) return;
    this.url = url;
    this.rest = rest;
    this.control?.abort();
    this.loading = false;
    if (url) this.start();
  }

  async start() {
    const control = (this.control = new AbortController());
    this.loading = true;
    try {
      const value = await this.load(this.url, ...this.rest, control.signal);
      if (control.signal.aborted) return;
      this.loading = false;
      this.ready(value);
    } catch (error) {
      if (control.signal.aborted) return;
      this.loading = false;
      this.failed(error instanceof LoadError ? error.message : "the answer could not be read");
    }
  }

  stop() {
    this.control?.abort();
    this.loading = false;
  }
}
