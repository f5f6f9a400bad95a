import { Anchor, Code, List, Table, Text, Title, Typography } from '@mantine/core';
import MarkdownToJsx, { sanitizer } from 'markdown-to-jsx';
import type { ReactNode } from 'react';

const SAFE = /^(?:https?:|mailto:|\/(?!\/)|#)/i;

function Link({ href, children }: { href?: string; children?: ReactNode }) {
  if (!href || !SAFE.test(href)) return <>{children}</>;
  return (
    <Anchor href={href} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </Anchor>
  );
}

// Nothing is loaded from anywhere: the words that stand for a picture are shown.
const Picture = ({ alt }: { alt?: string }) => (
  <Text span fs="italic">
    {alt}
  </Text>
);
const heading = (size: 'h3' | 'h4' | 'h5') =>
  function Heading({ children }: { children?: ReactNode }) {
    return (
      <Title order={3} size={size} mt="xs">
        {children}
      </Title>
    );
  };
const [Large, Middle, Small] = [heading('h3'), heading('h4'), heading('h5')];

const options = {
  disableParsingRawHTML: true, // tags stay the characters they are
  forceBlock: true,
  sanitizer: (value: string) => (SAFE.test(value) ? sanitizer(value) : null),
  overrides: {
    a: Link,
    img: Picture,
    h1: Large,
    h2: Large,
    h3: Middle,
    h4: Small,
    h5: Small,
    h6: Small,
    code: Code,
    ul: List,
    table: Table,
  },
};

/** Notes that people wrote: Markdown without HTML, pictures and foreign kinds of links. */
export function Markdown({ text }: { text: string }) {
  return (
    <Typography p={0} style={{ overflowWrap: 'anywhere' }}>
      <MarkdownToJsx options={options}>{text}</MarkdownToJsx>
    </Typography>
  );
}
