import { Group, Text } from '@mantine/core';
import { useId, useState, type DragEvent } from 'react';
import { formatBytes } from '../lib/format';
import classes from './DropArea.module.css';
import { Icon } from './icons';

interface Props {
  label: string;
  hint: string;
  /** As an input of files takes it: ".bin,.hex". What is dropped is checked by who takes it. */
  accept: string;
  file: File | null;
  disabled?: boolean;
  error?: string;
  onFile: (file: File) => void;
}

/** One file: dropped, or chosen with mouse or keyboard. */
export function DropArea({ label, hint, accept, file, disabled, error, onFile }: Props) {
  const id = useId();
  const [over, setOver] = useState(false);
  const take = (files: FileList | null) => {
    const first = files?.item(0);
    if (first && !disabled) onFile(first);
  };
  const onDrag = (event: DragEvent) => {
    event.preventDefault();
    setOver(event.type === 'dragover' && !disabled);
    if (event.type === 'drop') take(event.dataTransfer.files);
  };
  return (
    <div>
      <label
        className={classes.area}
        data-over={over || undefined}
        data-disabled={disabled || undefined}
        htmlFor={id}
        onDragOver={onDrag}
        onDragLeave={onDrag}
        onDrop={onDrag}
      >
        <Group gap="sm" wrap="nowrap">
          <Icon name={file ? 'file' : 'upload'} size={24} />
          <div style={{ minWidth: 0 }}>
            <Text fw={600} style={{ overflowWrap: 'anywhere' }}>
              {label}
            </Text>
            <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
              {file ? `${file.name} · ${formatBytes(file.size)}` : hint}
            </Text>
          </div>
        </Group>
        <input
          id={id}
          type="file"
          accept={accept}
          disabled={disabled}
          className={classes.input}
          aria-invalid={error ? true : undefined}
          onChange={(event) => {
            take(event.currentTarget.files);
            event.currentTarget.value = ''; // the same file may be chosen again
          }}
        />
      </label>
      {error && (
        <Text size="sm" c="red" role="alert" mt={4}>
          {error}
        </Text>
      )}
    </div>
  );
}
