select
    workspace_id,
    feature_name,
    category_as_of as category,
    is_in_catalogue,
    first_used_date,
    last_used_date
from {{ ref('int_features') }}
where is_in_catalogue
    or first_used_date is not null
