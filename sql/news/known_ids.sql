-- Which of these headlines are stored already.
SELECT item_id FROM market.news_items WHERE item_id = ANY(%(item_ids)s);
