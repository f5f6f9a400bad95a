import { screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { renderPage } from '../testing/render';
import { Markdown } from './Markdown';

test('shows headings, lists, code and links', () => {
  renderPage(
    <Markdown text={'## What is new\n\n- **faster**\n- `clock` fixed\n\nSee [the site](https://example.org/x).'} />,
  );
  expect(screen.getByRole('heading', { name: 'What is new' })).toBeInTheDocument();
  expect(screen.getAllByRole('listitem')).toHaveLength(2);
  expect(screen.getByRole('link', { name: 'the site' })).toHaveAttribute('href', 'https://example.org/x');
});

test.each([
  '<img src=x onerror="globalThis.hit = 1">',
  '<script>globalThis.hit = 1</script>',
  '[click](javascript:globalThis.hit=1)',
  '[click](JaVaScRiPt:alert(1))',
  '[click](data:text/html,<script>hit=1</script>)',
  '[click](//example.org)',
  '![picture](https://example.org/track.png)',
  '<a href="javascript:alert(1)">x</a>',
  '<iframe src="https://example.org"></iframe>',
  '[a]: javascript:alert(1)\n\n[a]',
])('nothing of %s runs or is loaded', (text) => {
  const { container } = renderPage(<Markdown text={text} />);
  expect(container.querySelector('img, script, iframe, object, form')).toBeNull();
  for (const link of container.querySelectorAll('a')) expect(link.getAttribute('href')).toMatch(/^https?:/);
  expect((globalThis as { hit?: number }).hit).toBeUndefined();
});
