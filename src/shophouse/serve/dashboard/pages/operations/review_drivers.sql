select
    upper(left(lateness, 1)) || substr(lateness, 2) as lateness,
    cast(sum(review_score_sum) as double) / nullif(sum(review_count), 0) as average_review_score
from marts.review_drivers
where {filters}
group by
    lateness,
    lateness_order
order by lateness_order
