import { describe, expect, it } from 'vitest';
import { plainText } from '../../../src/core/wiki/plain-text.ts';

describe('plainText', () => {
  it.each([
    ['Alice', 'Alice'],
    ['<a href="//commons.example/wiki/User:Alice" title="User:Alice">Alice</a>', 'Alice'],
    ['<bdi><a href="x">Ada &amp; Grace</a></bdi>', 'Ada & Grace'],
    [
      '<div class="fn">Unknown author<span style="display: none;">Unknown author</span></div>',
      'Unknown author',
    ],
    ['<span style="display:none"><span>a</span>b</span>Carol', 'Carol'],
    ['<p>One</p><p>Two</p>', 'One Two'],
    ['One<br>Two', 'One Two'],
    ['<script>alert("x")</script>Eve', 'Eve'],
    ['<style>a > b { }</style>Eve', 'Eve'],
    ['<img src=x onerror="alert(1)" alt=">">Eve', 'Eve'],
    ["<a title='>'>Eve</a>", 'Eve'],
    ['<!-- a > b -->Eve', 'Eve'],
    ['<!DOCTYPE html>Eve', 'Eve'],
    ['1 < 2', '1 < 2'],
    ['a <b', 'a'],
    ['a <b title="never closed', 'a'],
    ['&lt;b&gt; &#65; &#x42; &amp;lt; &unknown; &#0; &#xD800;', '<b> A B &lt; &unknown;'],
    ['Zoë\u202e\u0000  \n Ångström', 'Zoë Ångström'],
    ['می\u200cخواهم', 'می\u200cخواهم'],
    ['', ''],
  ])('%j', (html, text) => {
    expect(plainText(html)).toBe(text);
  });

  it('is cut by letters, not in the middle of one', () => {
    expect(plainText('😀'.repeat(400), 10)).toBe(`${'😀'.repeat(9)}…`);
  });

  it('cannot be kept busy', () => {
    for (const piece of ['<a "', "<a '", '<', '<!--', '&#', '<a a=', '<div style="display:none">']) {
      expect(plainText(piece.repeat(200_000)).length).toBeLessThanOrEqual(300);
    }
  });
});
