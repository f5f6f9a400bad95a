import { ActionIcon, Group, TextInput } from '@mantine/core';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { useUrlParam } from '../lib/urlState';
import { useUiTexts } from './i18n';
import { Icon } from './icons';

interface Props {
  /** Name of the parameter of the address. */
  param?: string;
  placeholder?: string;
  error?: string;
  children?: ReactNode;
}

const SETTLE_MS = 300;

/** The filter of a list, in the address so that it can be shared. `/` goes to it. */
export function FilterBar({ param = 'filter', placeholder, error, children }: Props) {
  const t = useUiTexts();
  const [value, setValue] = useUrlParam(param);
  const [typed, setTyped] = useState(value);
  const [known, setKnown] = useState(value);
  if (known !== value) {
    // The address changed by Back or a link.
    setKnown(value);
    setTyped(value);
  }
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (typed === value) return;
    const timer = setTimeout(() => {
      setKnown(typed);
      setValue(typed);
    }, SETTLE_MS);
    return () => clearTimeout(timer);
  }, [typed, value, setValue]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const inField =
        event.target instanceof HTMLElement && event.target.closest('input, textarea, select, [contenteditable]');
      if (event.key !== '/' || inField || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      input.current?.focus();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
  return (
    <Group gap="xs" align="flex-start">
      <TextInput
        ref={input}
        type="search"
        style={{ flex: '1 1 280px' }}
        aria-label={t('filter')}
        title={t('filterHint')}
        placeholder={placeholder}
        value={typed}
        error={error}
        leftSection={<Icon name="filter" size={16} />}
        rightSection={
          typed ? (
            <ActionIcon variant="subtle" color="gray" aria-label={t('clearFilter')} onClick={() => setTyped('')}>
              <Icon name="cross" size={14} />
            </ActionIcon>
          ) : null
        }
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      {children}
    </Group>
  );
}
