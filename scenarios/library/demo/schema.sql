-- A small shop. Indexes and the foreign key are made in data.sql, after the rows: loading a million
-- rows into an indexed table takes several times as long.
CREATE TABLE customers (
    id bigint PRIMARY KEY,
    name text NOT NULL,
    email text NOT NULL,
    orders integer NOT NULL DEFAULT 0
);

CREATE TABLE orders (
    id bigserial,
    customer_id bigint NOT NULL,
    status text NOT NULL,
    total_cents integer NOT NULL,
    placed_at timestamptz NOT NULL DEFAULT now(),
    note text,
    details jsonb NOT NULL
);
