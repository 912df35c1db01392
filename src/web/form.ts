import type { WebContext } from './context.ts';

/** A field of the form that was sent; empty when it is missing or not a single text. */
export function field(ctx: WebContext, name: string): string {
  const value = body(ctx)[name];
  return typeof value === 'string' ? value : '';
}

/** A ticked box. */
export function ticked(ctx: WebContext, name: string): boolean {
  return field(ctx, name) !== '';
}

/** A parameter of the address; empty when it is missing. Of several the first counts. */
export function query(ctx: WebContext, name: string): string {
  const value = ctx.query[name];
  return (Array.isArray(value) ? value[0] : value) ?? '';
}

/** An id from the path. Anything else names nothing, so it is 0. */
export function idParam(ctx: WebContext, name: string): number {
  const value = ctx.params[name] ?? '';
  return /^[1-9]\d{0,14}$/.test(value) ? Number(value) : 0;
}

/** A number as people write it; NaN for anything else: the core says which number is wrong. */
export function toNumber(text: string): number {
  return /^\d+([.,]\d+)?$/.test(text) ? Number(text.replace(',', '.')) : Number.NaN;
}

/** The lines of a text area. */
export function linesOf(text: string): string[] {
  return text.split('\n').map((line) => line.trim());
}

/** The answer to a form that did what it says: the browser asks for the page that shows it. */
export function seeOther(ctx: WebContext, path: string): void {
  ctx.status = 303;
  ctx.redirect(path);
}

function body(ctx: WebContext): Record<string, unknown> {
  const parsed: unknown = ctx.request.body;
  return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {};
}
