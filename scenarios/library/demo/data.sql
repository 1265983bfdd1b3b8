-- 50,000 customers and 1,000,000 orders of about 250 bytes.
INSERT INTO customers (id, name, email, orders)
SELECT i, 'Customer ' || i, 'customer' || i || '@example.com', 20
FROM generate_series(1, 50000) AS i;

INSERT INTO orders (customer_id, status, total_cents, placed_at, note, details)
SELECT 1 + (i::bigint * 7919) % 50000,
       (ARRAY ['placed', 'paid', 'shipped', 'delivered'])[1 + i % 4],
       500 + (i::bigint * 104729) % 100000,
       timestamptz '2024-01-01 00:00:00+00' + i * interval '30 seconds',
       repeat('Leave it with the neighbour. ', 2 + i % 3),
       jsonb_build_object('lines', 1 + i % 5, 'channel', (ARRAY ['web', 'app', 'shop'])[1 + i % 3],
                          'coupon', md5(i::text))
FROM generate_series(1, 1000000) AS i;

ALTER TABLE orders ADD PRIMARY KEY (id);
CREATE INDEX orders_by_customer ON orders (customer_id);
CREATE INDEX orders_by_time ON orders (placed_at);
ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers (id);

VACUUM ANALYZE customers;
VACUUM ANALYZE orders;
CHECKPOINT;
