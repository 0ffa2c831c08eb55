// Draw points with WebGL2. Same interface as renderer_2d.js.

import { rgba } from "./theme.js";

const VERTEX = `
precision highp float;
precision highp int;
in float a_x, a_y, a_x0, a_y0;
in CODE a_code;
in uint a_state;
uniform vec4 u_to, u_from;
uniform float u_t, u_diameter, u_alpha, u_pixels, u_line;
uniform int u_pass, u_colors;
uniform vec2 u_range;
uniform vec4 u_missing;
uniform highp sampler2D u_palette;
flat out vec4 v_color;
flat out vec2 v_shape; // radius in device pixels, 1 = ring
vec4 color_at(int i) { return texelFetch(u_palette, ivec2(i & 255, i >> 8), 0); }
#ifdef NUMBER
vec4 color() {
  if (isnan(a_code)) return u_missing;
  float width = u_range.y - u_range.x;
  float f = width > 0. ? clamp((a_code - u_range.x) / width, 0., 1.) : .5;
  return color_at(int(f * float(u_colors - 1) + .5));
}
#else
vec4 color() { return a_code == 65535u || u_colors == 0 ? u_missing : color_at(int(a_code) % u_colors); }
#endif
void main() {
  vec2 to = (vec2(a_x, a_y) - u_to.xy) * u_to.zw;
  vec2 from = (vec2(a_x0, a_y0) - u_from.xy) * u_from.zw;
  bool excluded = (a_state & 4u) != 0u;
  float grown = u_pass == 1 ? u_diameter * 1.06 + 1.6 * u_line : u_diameter;
  v_color = vec4(color().rgb, u_pass == 1 ? 1. : excluded ? max(u_alpha, .3) * .9 : u_alpha);
  v_shape = vec2(.5 * grown * u_pixels, excluded ? 1. : 0.);
  gl_Position = vec4(u_t < 1. ? mix(from, to, u_t) : to, 0., 1.);
  gl_PointSize = 2. * v_shape.x + 1.;
}`;

const FRAGMENT = `
precision highp float;
precision highp int;
flat in vec4 v_color;
flat in vec2 v_shape;
uniform vec4 u_outline;
uniform float u_pixels, u_line;
uniform int u_pass;
out vec4 color;
void main() {
  float radius = v_shape.x;
  float d = length(gl_PointCoord - .5) * (2. * radius + 1.);
  float cover = clamp(radius - d + .5, 0., 1.);
  if (cover <= 0.) discard;
  float line = clamp(d - (radius - 1.25 * u_pixels) + .5, 0., 1.);
  vec4 c = v_color;
  if (v_shape.y > .5) cover *= radius > 1.6 * u_pixels ? line : .35;
  else if (u_pass == 1) c = mix(c, u_outline, line * u_line);
  float alpha = c.a * cover;
  color = vec4(c.rgb * alpha, alpha);
}`;

const LOCATIONS = { a_x: 0, a_y: 1, a_x0: 2, a_y0: 3, a_code: 4, a_state: 5 };

export class GlRenderer {
  // Null when the browser gives no WebGL2.
  static create(canvas, options) {
    const gl = canvas.getContext("webgl2", { alpha: true, antialias: false, premultipliedAlpha: true, depth: false });
    return gl && !gl.isContextLost() ? new GlRenderer(canvas, gl, options) : null;
  }

  constructor(canvas, gl, { lost, restored }) {
    Object.assign(this, { kind: "webgl2", canvas, gl, kept: {} });
    this.control = new AbortController();
    const { signal } = this.control;
    canvas.addEventListener("webglcontextlost", (event) => { event.preventDefault(); lost(); }, { signal });
    canvas.addEventListener("webglcontextrestored", () => { this.restore(); restored(); }, { signal });
    this.setUp();
  }

  setUp() {
    const { gl } = this;
    this.programs = {};
    this.buffers = Object.fromEntries([...Object.keys(LOCATIONS), "order"].map((name) => [name, gl.createBuffer()]));
    this.palette = gl.createTexture();
    gl.disable(gl.DEPTH_TEST);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  restore() {
    const { points, previous, color, state, order } = this.kept;
    this.setUp();
    if (points) this.setPoints(points, previous);
    if (color) this.setColor(color);
    if (state) this.setState(state, order);
  }

  program(kind) {
    if (this.programs[kind]) return this.programs[kind];
    const { gl } = this;
    const define = kind === "number" ? "#define NUMBER\n#define CODE float\n" : "#define CODE uint\n";
    const program = gl.createProgram();
    for (const [type, source] of [[gl.VERTEX_SHADER, define + VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(type);
      gl.shaderSource(shader, "#version 300 es\n" + source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
      gl.deleteShader(shader);
    }
    for (const [name, location] of Object.entries(LOCATIONS)) gl.bindAttribLocation(program, location, name);
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) throw new Error(gl.getProgramInfoLog(program));
    const uniforms = {};
    for (let i = 0; i < gl.getProgramParameter(program, gl.ACTIVE_UNIFORMS); i++) {
      const { name } = gl.getActiveUniform(program, i);
      uniforms[name] = gl.getUniformLocation(program, name);
    }
    return (this.programs[kind] = { program, uniforms });
  }

  fill(name, values) {
    const { gl } = this;
    const target = name === "order" ? gl.ELEMENT_ARRAY_BUFFER : gl.ARRAY_BUFFER;
    gl.bindBuffer(target, this.buffers[name]);
    gl.bufferData(target, values, gl.DYNAMIC_DRAW);
  }

  // `previous` = positions to move over from, or null.
  setPoints(points, previous) {
    this.kept.points = points;
    this.kept.previous = previous;
    this.fill("a_x", points.x);
    this.fill("a_y", points.y);
    this.fill("a_x0", previous ? previous.x : new Float32Array(0));
    this.fill("a_y0", previous ? previous.y : new Float32Array(0));
  }

  setColor(color) {
    const { gl } = this;
    this.kept.color = color;
    this.fill("a_code", color.values);
    const rows = Math.max(Math.ceil(color.palette.length / 256), 1);
    const texels = new Uint8Array(256 * rows * 4);
    color.palette.forEach((hex, i) => texels.set(rgba(hex).map((c) => Math.round(c * 255)), 4 * i));
    gl.bindTexture(gl.TEXTURE_2D, this.palette);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, 256, rows, 0, gl.RGBA, gl.UNSIGNED_BYTE, texels);
    for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, name, gl.NEAREST);
  }

  setState(state, order) {
    this.kept.state = state;
    this.kept.order = order;
    this.fill("a_state", state);
    this.fill("order", order.index);
  }

  resize(width, height, pixels) {
    this.pixels = pixels;
    this.canvas.width = Math.max(Math.round(width * pixels), 1);
    this.canvas.height = Math.max(Math.round(height * pixels), 1);
  }

  // camera, from (camera or null), t, diameter, alpha, line (0..1, weight of the outline of selected points), fade, outline, sample (0 = all points)
  draw(view) {
    const { gl, kept } = this;
    if (gl.isContextLost()) return;
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    if (!kept.points || !kept.color || !kept.state || !kept.order.index.length) return;
    const moving = Boolean(view.from && kept.previous);
    const { program, uniforms } = this.program(kept.color.kind);
    gl.useProgram(program);
    this.attributes(moving);
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, this.palette);
    gl.uniform1i(uniforms.u_palette, 0);
    gl.uniform1i(uniforms.u_colors, kept.color.palette.length);
    gl.uniform2fv(uniforms.u_range, kept.color.range);
    gl.uniform4fv(uniforms.u_missing, rgba(kept.color.missing));
    gl.uniform4fv(uniforms.u_to, view.camera.clip());
    gl.uniform4fv(uniforms.u_from, (moving ? view.from : view.camera).clip());
    gl.uniform1f(uniforms.u_t, moving ? view.t : 1);
    gl.uniform1f(uniforms.u_diameter, view.diameter);
    gl.uniform1f(uniforms.u_pixels, this.pixels);
    gl.uniform1f(uniforms.u_line, view.line);
    gl.uniform4fv(uniforms.u_outline, view.outline);
    const { excluded, rest, selected } = kept.order;
    const some = (count) => (view.sample ? Math.min(count, view.sample) : count);
    const pass = (number, alpha, first, count) => {
      if (!count) return;
      gl.uniform1i(uniforms.u_pass, number);
      gl.uniform1f(uniforms.u_alpha, alpha);
      gl.drawElements(gl.POINTS, count, gl.UNSIGNED_INT, 4 * first);
    };
    const alpha = selected ? view.alpha * view.fade : view.alpha;
    pass(0, alpha, 0, some(excluded));
    pass(0, alpha, excluded, some(rest));
    pass(1, 1, excluded + rest, some(selected));
  }

  attributes(moving) {
    const { gl } = this;
    for (const [name, location] of Object.entries(LOCATIONS)) {
      if ((name === "a_x0" || name === "a_y0") && !moving) {
        gl.disableVertexAttribArray(location);
        gl.vertexAttrib1f(location, 0);
        continue;
      }
      gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[name]);
      gl.enableVertexAttribArray(location);
      if (name === "a_state") gl.vertexAttribIPointer(location, 1, gl.UNSIGNED_BYTE, 0, 0);
      else if (name === "a_code" && this.kept.color.kind !== "number") gl.vertexAttribIPointer(location, 1, gl.UNSIGNED_SHORT, 0, 0);
      else gl.vertexAttribPointer(location, 1, gl.FLOAT, false, 0, 0);
    }
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.buffers.order);
  }

  // Only right after draw(), in the same task.
  readPixels() {
    const { gl, canvas } = this;
    const pixels = new Uint8Array(4 * canvas.width * canvas.height);
    gl.readPixels(0, 0, canvas.width, canvas.height, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
    return pixels;
  }

  destroy() {
    this.control.abort();
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
    this.kept = {};
  }
}
