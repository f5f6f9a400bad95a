import { ActionIcon, Button, Card, Group, Select, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'react-router';
import { usePartNames } from '@/entities/rollout/api/partNames';
import { Icon } from '@/shared/ui/icons';
import { EmptyState, PageState } from '@/shared/ui/PageState';
import { useTexts } from '../i18n';
import { useOffers, type Offer } from '../model/offers';
import type { Part, Wish } from '../model/wish';

interface Props {
  wish: Wish;
  set: (change: Partial<Wish>) => void;
}

export function WhatStep({ wish, set }: Props) {
  const t = useTexts();
  const query = useOffers();
  return (
    <Stack>
      <Text size="sm">{t('what.text')}</Text>
      <Chosen parts={wish.parts} onChange={(parts) => set({ parts })} />
      <PageState
        query={query}
        scope="releases:read"
        isEmpty={(offers) => offers.length === 0}
        empty={
          <EmptyState icon="images" title={t('what.empty')} text={t('what.emptyText')}>
            <Button component={Link} to="/images" variant="default">
              {t('what.toImages')}
            </Button>
          </EmptyState>
        }
      >
        {(offers) => (
          <Adder
            offers={offers}
            onAdd={(part) =>
              set({
                parts: [...wish.parts.filter((one) => one.name !== part.name || one.version !== part.version), part],
              })
            }
          />
        )}
      </PageState>
    </Stack>
  );
}

function Chosen({ parts, onChange }: { parts: Part[]; onChange: (parts: Part[]) => void }) {
  const t = useTexts();
  const nameOf = usePartNames(parts);
  if (parts.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {t('what.none')}
      </Text>
    );
  }
  return (
    <Stack gap="xs" component="ol" m={0} p={0} style={{ listStyle: 'none' }}>
      {parts.map((part, index) => {
        const name = nameOf(part);
        return (
          <Card component="li" key={`${part.name} ${part.version}`} withBorder padding="xs">
            <Group justify="space-between">
              <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
                {index + 1}. {name}
              </Text>
              <Group gap={4}>
                {index > 0 && (
                  <ActionIcon
                    variant="default"
                    aria-label={t('what.up', { name })}
                    onClick={() => {
                      const next = [...parts];
                      next.splice(index - 1, 0, ...next.splice(index, 1));
                      onChange(next);
                    }}
                  >
                    <Icon name="up" size={14} />
                  </ActionIcon>
                )}
                <ActionIcon
                  variant="default"
                  aria-label={t('what.remove', { name })}
                  onClick={() => onChange(parts.filter((_, at) => at !== index))}
                >
                  <Icon name="trash" size={14} />
                </ActionIcon>
              </Group>
            </Group>
          </Card>
        );
      })}
    </Stack>
  );
}

function Adder({ offers, onAdd }: { offers: Offer[]; onAdd: (part: Part) => void }) {
  const t = useTexts();
  const [name, setName] = useState<string | null>(null);
  const [version, setVersion] = useState<string | null>(null);
  const offer = offers.find((one) => one.key === name);
  const options = (['images', 'firmware', 'content'] as const)
    .map((kind) => ({
      group: t(`what.${kind}`),
      items: offers.filter((one) => one.kind === kind).map((one) => ({ value: one.key, label: one.label })),
    }))
    .filter((group) => group.items.length > 0);
  const choose = (key: string | null) => {
    setName(key);
    // The newest is what is meant nearly always.
    setVersion(offers.find((one) => one.key === key)?.versions[0]?.version ?? null);
  };
  const add = () => {
    if (!offer || !version) return;
    onAdd({ name: offer.name, version });
    choose(null);
  };
  return (
    <Group align="flex-end">
      <Select
        label={t('what.name')}
        searchable
        data={options}
        value={name}
        onChange={choose}
        style={{ flex: '2 1 220px' }}
      />
      <Select
        label={t('what.version')}
        searchable
        allowDeselect={false}
        disabled={!offer}
        data={(offer?.versions ?? []).map((one) => ({ value: one.version, label: one.label }))}
        value={version}
        onChange={setVersion}
        style={{ flex: '1 1 160px' }}
      />
      <Button
        variant="default"
        leftSection={<Icon name="plus" size={14} />}
        disabled={!offer || !version}
        onClick={add}
      >
        {t('what.add')}
      </Button>
    </Group>
  );
}
