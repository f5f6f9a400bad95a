import { useState, type PointerEvent } from 'react';

export interface Point {
  x: number;
  y: number;
}

const CLICK_PX = 6; // a hand that clicks moves this far

export interface Lasso {
  from: Point;
  to: Point;
}

/** Where the pointer is within the element that listens. */
export function pointOf(event: PointerEvent<HTMLElement>): Point {
  const box = event.currentTarget.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}

const isFar = (from: Point, to: Point): boolean => Math.hypot(to.x - from.x, to.y - from.y) > CLICK_PX;

/**
 * A press is a click or, once it moves, a frame. The pointer is captured meanwhile: who draws a frame around squares at
 * the edge leaves the element, and lets go outside it.
 */
export function useLasso(onClick: (at: Point) => void, onFrame: ((lasso: Lasso) => void) | undefined) {
  const [lasso, setLasso] = useState<Lasso | null>(null);
  const drawn = lasso !== null && isFar(lasso.from, lasso.to);
  return {
    /** The frame that is being drawn. */
    frame: drawn && onFrame ? lasso : null,
    pressed: lasso !== null,
    handlers: {
      onPointerDown: (event: PointerEvent<HTMLElement>) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture?.(event.pointerId);
        setLasso({ from: pointOf(event), to: pointOf(event) });
      },
      onPointerUp: (event: PointerEvent<HTMLElement>) => {
        if (!lasso) return;
        const to = pointOf(event);
        setLasso(null);
        if (isFar(lasso.from, to)) onFrame?.({ from: lasso.from, to });
        else onClick(to);
      },
      onPointerCancel: () => setLasso(null),
      onLostPointerCapture: () => setLasso(null), // a menu or a dialog of the browser took it
      // The browser's own dragging would take the pointer away.
      onDragStart: (event: { preventDefault: () => void }) => event.preventDefault(),
    },
    /** To be called as the pointer moves; answers whether that drew. */
    move: (event: PointerEvent<HTMLElement>): boolean => {
      if (!lasso) return false;
      // Let go where nobody heard of it.
      if (event.buttons === 0) {
        setLasso(null);
        return false;
      }
      setLasso({ from: lasso.from, to: pointOf(event) });
      return true;
    },
  };
}
