/**
 * Writes ONNX models: just the parts of onnx.proto that our two converted networks need. Field numbers are
 * those of https://github.com/onnx/onnx/blob/v1.16.0/onnx/onnx.proto3. The same calls give the same bytes.
 */
const IR_VERSION = 8;
const OPSET = 13;
const FLOAT = 1;
const INT64 = 7;

/** A dimension: a number, or a name when it varies from call to call. */
export type Dimension = number | string;
/** int, list of ints, or text. */
export type Attribute = number | readonly number[] | string;

/** Collects nodes and weights; every method that makes a value returns its name. */
export class OnnxGraph {
  readonly #name: string;
  readonly #nodes: Buffer[] = [];
  readonly #weights: Buffer[] = [];
  readonly #inputs: Buffer[] = [];

  constructor(name: string) {
    this.#name = name;
  }

  input(name: string, shape: readonly Dimension[]): string {
    this.#inputs.push(bytes(11, valueInfo(name, shape)));
    return name;
  }

  floats(name: string, shape: readonly number[], values: Float32Array): string {
    if (values.length !== shape.reduce((a, b) => a * b, 1)) throw new Error(`${name}: wrong size`);
    const raw = Buffer.alloc(values.length * 4);
    values.forEach((value, i) => {
      raw.writeFloatLE(value, i * 4);
    });
    return this.#tensor(name, shape, FLOAT, raw);
  }

  ints(name: string, values: readonly number[]): string {
    const raw = Buffer.alloc(values.length * 8);
    values.forEach((value, i) => {
      raw.writeBigInt64LE(BigInt(value), i * 8);
    });
    return this.#tensor(name, [values.length], INT64, raw);
  }

  /** @param name of the value, where somebody asks for it by name */
  node(
    op: string,
    inputs: readonly string[],
    attributes: Record<string, Attribute> = {},
    name?: string,
  ): string {
    const output = name ?? `${op.toLowerCase()}_${this.#nodes.length}`;
    this.#nodes.push(
      bytes(
        1,
        Buffer.concat([
          ...inputs.map((input) => text(1, input)),
          text(2, output),
          text(3, `node_${output}`),
          text(4, op),
          ...Object.entries(attributes).map(([name, value]) => bytes(5, attribute(name, value))),
        ]),
      ),
    );
    return output;
  }

  /** The finished model, whose only output is `value`. */
  finish(value: string, shape: readonly Dimension[]): Uint8Array {
    return this.finishAll([{ value, shape }]);
  }

  finishAll(outputs: readonly { value: string; shape: readonly Dimension[] }[]): Uint8Array {
    const graph = Buffer.concat([
      ...this.#nodes,
      text(2, this.#name),
      ...this.#weights,
      ...this.#inputs,
      ...outputs.map(({ value, shape }) => bytes(12, valueInfo(value, shape))),
    ]);
    const opset = Buffer.concat([text(1, ''), integer(2, OPSET)]);
    return Buffer.concat([integer(1, IR_VERSION), text(2, 'visavis'), bytes(7, graph), bytes(8, opset)]);
  }

  #tensor(name: string, shape: readonly number[], type: number, raw: Buffer): string {
    const dims = shape.map((size) => integer(1, size));
    this.#weights.push(bytes(5, Buffer.concat([...dims, integer(2, type), text(8, name), bytes(9, raw)])));
    return name;
  }
}

function attribute(name: string, value: Attribute): Buffer {
  if (typeof value === 'string') return Buffer.concat([text(1, name), text(4, value), integer(20, 3)]);
  if (typeof value === 'number') return Buffer.concat([text(1, name), integer(3, value), integer(20, 2)]);
  return Buffer.concat([text(1, name), ...value.map((item) => integer(8, item)), integer(20, 7)]);
}

function valueInfo(name: string, shape: readonly Dimension[]): Buffer {
  const dims = shape.map((size) => bytes(1, typeof size === 'number' ? integer(1, size) : text(2, size)));
  const tensor = Buffer.concat([integer(1, FLOAT), bytes(2, Buffer.concat(dims))]);
  return Buffer.concat([text(1, name), bytes(2, bytes(1, tensor))]);
}

// Protocol buffers wire format: a key (field number, wire type), then a varint or a length and its bytes.

function varint(value: number): Buffer {
  const out: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) {
      out.push(rest);
      return Buffer.from(out);
    }
    out.push((rest % 128) + 128);
  }
}

function integer(field: number, value: number): Buffer {
  return Buffer.concat([varint(field * 8), varint(value)]);
}

function bytes(field: number, value: Uint8Array): Buffer {
  return Buffer.concat([varint(field * 8 + 2), varint(value.length), value]);
}

function text(field: number, value: string): Buffer {
  return bytes(field, Buffer.from(value, 'utf8'));
}
